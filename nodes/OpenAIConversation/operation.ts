import type { INodeProperties } from 'n8n-workflow';

import type { ReadParameter } from '../shared/values/field';
import type { Options } from './parameters/options';
import type { ApiClient } from '../shared/transport/client';
import type { JsonObject } from '../shared/values/json';

/** A file that an output carries as binary data. */
export interface OutputFile {
	/** The binary property's name. */
	property: string;
	fileName: string;
	mimeType: string;
	content: string;
}

/** One output item. */
export interface Output {
	json: JsonObject;
	file?: OutputFile;
}

/**
 * Something the user should know about a run that succeeded. Occurrences of the same kind are
 * summed up in one hint.
 */
export interface NoteKind {
	type: 'info' | 'warning';
	/**
	 * @param count items that it happened to
	 * @param names what is concerned, each once
	 */
	text(count: number, names: readonly string[]): string;
}

/** What an operation works with, beside its input. */
export interface Tools {
	api: ApiClient;
	note(kind: NoteKind, names?: readonly string[]): void;
}

/** An operation as its file describes it. */
export interface OperationDescription<Input> {
	/** The value that workflows store. */
	value: string;
	/** Title Case, for the Operation field. */
	name: string;
	/** Sentence case, for the node panel. */
	action: string;
	/** Sentence case, without a period. */
	description: string;
	/** Its fields in the order of the form, without the options. Shared fields are shared objects. */
	properties: readonly INodeProperties[];
	/** Fields of the options collection beside the common ones. */
	options?: readonly INodeProperties[];
	/**
	 * Reads and checks the parameters of one item.
	 * @throws {FieldError} for what can't be sent
	 */
	read(read: ReadParameter, options: Options): Input;
	/** The conversation that the input works on; inputs of the same one never run at the same time. */
	conversation?(input: Input): string;
	/** Calls the API. Throws a `RequestFailure` or a `FieldError`. */
	run(input: Input, tools: Tools): Promise<Output[]>;
	/** For an operation that can serve several inputs of one conversation with one request. */
	batch?: {
		/** How much of the limit an input takes. */
		size(input: Input): number;
		limit: number;
		/**
		 * The outputs of each input, in order. All of them in one request, so that a refusal means that
		 * nothing was done.
		 */
		run(inputs: readonly Input[], tools: Tools): Promise<Output[][]>;
	};
}

/** One item's work, read and checked, ready to run. */
export interface Job {
	readonly operation: Operation;
	readonly conversation: string | undefined;
	/** How much of the operation's batch limit it takes. */
	readonly size: number;
}

/** An operation as the node sees it: its input's type stays in its file. */
export interface Operation
	extends Pick<
		OperationDescription<unknown>,
		'value' | 'name' | 'action' | 'description' | 'properties'
	> {
	readonly options: readonly INodeProperties[];
	/** 1 where inputs can't share a request. */
	readonly batchLimit: number;
	prepare(read: ReadParameter, options: Options): Job;
	/** Runs jobs that this operation prepared, all of one conversation; the outputs of each, in order. */
	run(jobs: readonly Job[], tools: Tools): Promise<Output[][]>;
}

export function defineOperation<Input extends object>(
	description: OperationDescription<Input>,
): Operation {
	const { value, name, action, properties, options = [], batch } = description;
	const inputs = new WeakMap<Job, Input>();
	const inputOf = (job: Job): Input => {
		const input = inputs.get(job);
		if (input === undefined)
			throw new TypeError(`A job of another operation was given to ${value}`);
		return input;
	};
	const operation: Operation = {
		value,
		name,
		action,
		description: description.description,
		properties,
		options,
		batchLimit: batch?.limit ?? 1,
		prepare(read, itemOptions) {
			const input = description.read(read, itemOptions);
			const job: Job = {
				operation,
				conversation: description.conversation?.(input),
				size: batch?.size(input) ?? 1,
			};
			inputs.set(job, input);
			return job;
		},
		async run(jobs, tools) {
			const [first, ...others] = jobs.map(inputOf);
			if (first === undefined) return [];
			if (others.length === 0 || batch === undefined) return [await description.run(first, tools)];
			return await batch.run([first, ...others], tools);
		},
	};
	return operation;
}
