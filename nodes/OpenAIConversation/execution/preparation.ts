import type { IExecuteFunctions } from 'n8n-workflow';

import type { Credential } from '../../shared/n8n/credential';
import { CREDENTIAL_TYPE, parseCredential, redactorFor } from '../../shared/n8n/credential';
import type { GivenOptions, ReadParameter } from '../../shared/values/field';
import { FieldError } from '../../shared/values/field';
import { isPlainObject } from '../../shared/values/json';
import type { Redactor } from '../../shared/values/redact';
import { createRedactor } from '../../shared/values/redact';
import type { Operation } from '../operation';
import type { RunOptions } from '../parameters/options';
import { OPTIONS_NAME, parseRunOptions } from '../parameters/options';

/** Reads one item's parameters through n8n. */
export const readerFor =
	(context: IExecuteFunctions, item: number): ReadParameter =>
	(name, fallback) =>
		context.getNodeParameter(name, item, fallback);

export function optionsOf(read: ReadParameter): GivenOptions {
	const options = read(OPTIONS_NAME, {});
	return isPlainObject(options) ? options : {};
}

/** What holds for a run as a whole. */
export interface Preparation<Input> {
	operation: Operation<Input>;
	credential: Credential;
	/** Those of the first item. */
	runOptions: RunOptions;
}

/**
 * Reads what holds for a run as a whole.
 * @param chosen undefined: the node has no such operation
 * @returns with `fault` when no item can be run; with a redactor in any case
 */
export async function prepareRun<Input>(
	context: IExecuteFunctions,
	chosen: Operation<Input> | undefined,
): Promise<
	{ redactor: Redactor } & (
		| { preparation: Preparation<Input>; fault?: never }
		| { preparation?: never; fault: unknown }
	)
> {
	let redactor = createRedactor('');
	try {
		if (chosen === undefined) {
			throw new FieldError(
				"The chosen operation doesn't exist in this version of the node",
				'Choose Resource and Operation again, then save the workflow.',
			);
		}
		const data = await context.getCredentials(CREDENTIAL_TYPE);
		redactor = redactorFor(data);
		const credential = parseCredential(data);
		const runOptions = parseRunOptions(optionsOf(readerFor(context, 0)));
		return { redactor, preparation: { operation: chosen, credential, runOptions } };
	} catch (fault) {
		return { redactor, fault };
	}
}
