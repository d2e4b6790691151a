import type { Options } from './options';
import { FieldError } from '../../shared/values/field';

/**
 * Refuses an Additional Body that would replace the items, since messages would be lost without a word.
 * @throws {FieldError}
 */
export function refuseItems({ additionalBody }: Options): void {
	if (!Object.hasOwn(additionalBody, 'items')) return;
	throw new FieldError(
		'Additional Body (JSON) sets "items", which would replace the messages',
		'Enter items under Messages or Items (JSON).',
	);
}
