import type { LeftBehind } from '../transport/failures';
import { Cancelled } from '../transport/failures';

/**
 * The result of a call that is not an item's first write.
 * @param leftBehind what the item has written before; undefined: nothing
 * @throws {Cancelled} that says so when the execution is stopped
 */
export async function namingOnStop<T>(
	leftBehind: LeftBehind | undefined,
	call: Promise<T>,
): Promise<T> {
	return await call.catch((error: unknown): never => {
		throw error instanceof Cancelled && error.leftBehind === undefined
			? new Cancelled(leftBehind, error.outcomeUnknown)
			: error;
	});
}
