import type { HeaderField } from '../../nodes/shared/values/headers';
import { checkHeader } from '../../nodes/shared/values/headers';
import { refusal, refused } from '../support/unit';

const field: HeaderField = {
	label: 'My Headers',
	reserved: new Set(['x-mine']),
	advice: { wrongName: 'Another name.', reserved: 'Not this one.', wrongValue: 'Another value.' },
};

describe('A header', () => {
	it.each([
		['x-a', 'v'],
		["!#$%&'*+.^_`|~-09azAZ", 'v'],
		['x-a', ''],
		['x-a', 'a\tb ~\u0080ÿ'],
		['x-minella', 'v'],
	])('should be accepted: %j with %j', (name, value) => {
		expect(refusal(() => checkHeader([name, value], field))).toBeUndefined();
	});

	it.each([
		[
			'x a',
			'v',
			'My Headers has the name "x a", which can\'t be the name of a header',
			'Another name.',
		],
		[
			'x-a:',
			'v',
			'My Headers has the name "x-a:", which can\'t be the name of a header',
			'Another name.',
		],
		['', 'v', 'My Headers has the name "", which can\'t be the name of a header', 'Another name.'],
		[
			'Post',
			'v',
			'My Headers has the name "Post", which can\'t be the name of a header',
			'Another name.',
		],
		['X-Mine', 'v', "My Headers can't set X-Mine", 'Not this one.'],
		['X-Mine', '\n', "My Headers can't set X-Mine", 'Not this one.'],
		[
			'x-a',
			'a\r\nx-b: c',
			"The value of x-a in My Headers has characters that a header can't carry",
			'Another value.',
		],
		[
			'x-a',
			'\u0100',
			"The value of x-a in My Headers has characters that a header can't carry",
			'Another value.',
		],
	])('should be refused: %j with %j', (name, value, message, advice) => {
		expect(refused(() => checkHeader([name, value], field))).toMatchObject({ message, advice });
	});
});
