import { lockfiles } from './support.mjs';

describe('the lockfiles', () => {
	it.each(lockfiles)(
		'lock every optional package for $of, so that `npm ci` takes them everywhere',
		async ({ missing }) => {
			expect(await missing()).toEqual([]);
		},
	);
});
