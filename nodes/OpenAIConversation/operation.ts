import type { INodeProperties } from 'n8n-workflow';

import type { GivenOptions, ReadParameter } from '../shared/values/field';
import type { JsonObject } from '../shared/values/json';
import type { ApiClient } from '../shared/transport/client';
import type { Note } from '../shared/n8n/hints';

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

/** What an operation works with, beside its input. */
export interface Tools {
	api: ApiClient;
	/** Maximum number of requests that the operation itself may have in flight, 1 to 100: the Max Concurrency option. */
	concurrency: number;
	/** Tells the user something about a run that succeeded, in a hint above the output. */
	note(note: Note, names?: readonly string[]): void;
}

/**
 * An operation: its place in the form, its fields, and what it does. The node parses the input of
 * each item when the item's turn comes, and runs the operation with it.
 */
export interface Operation<Input = unknown> {
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
	/** Fields of the options collection that it has beside the common ones. */
	options?: readonly INodeProperties[];
	/**
	 * Reads and checks the parameters of one item.
	 * @throws {FieldError} for what can't be sent
	 */
	parse(read: ReadParameter, options: GivenOptions): Input;
	/** The conversation that the input works on: inputs of the same one never run at the same time. */
	conversation?(input: Input): string | undefined;
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

/** A group of operations in the form. */
export interface Resource {
	/** The value that workflows store. */
	value: string;
	/** Title Case. */
	name: string;
	description: string;
	/** The first is the default; the form lists them in alphabetical order. */
	operations: readonly Operation[];
}
