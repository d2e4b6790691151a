/** @import { JsonObject, Plan, ToolCall } from '../types.mjs' */
/** @import { Tool } from './tools.mjs' */
import { admissionOfIgnorance, answerFromMemory, isIntroduction } from './memory.mjs';
import { answerInSchema, exampleFor } from './schema.mjs';

/**
 * @typedef {Object} Turn what a request gives the model to react to
 * @property {Tool[]} tools those it may call
 * @property {string | undefined} toolResult the last tool's answer since the user spoke
 * @property {string} userText
 * @property {() => string[]} earlier what the user said before, oldest first
 * @property {JsonObject | undefined} schema the JSON schema that the answer must follow
 *
 * @typedef {Object} Reply
 * @property {string} [text]
 * @property {string} [refusal]
 * @property {{ name: string, arguments: string }[]} calls
 * @property {JsonObject[]} items more output items, as they are
 * @property {boolean} reasoning whether a reasoning item comes first
 * @property {NonNullable<Plan['incomplete']>} [incomplete]
 * @property {{ code: string, message: string }} [failed]
 * @property {number} [ms] its own time
 */

/**
 * A model that plays an agent: it calls one tool, and when that has answered it says so. Without
 * tools it repeats what the user said, answers from what the user said earlier, or fills in the
 * schema it is given.
 */
export function createModel() {
	/** @type {ToolCall[]} */
	const toolCalls = [];
	/** @type {{ plan: Plan, left: number }[]} */
	let plans = [];

	/** @returns {Plan | undefined} */
	function takePlan() {
		const [next] = plans;
		if (!next) return undefined;
		next.left -= 1;
		if (next.left <= 0) plans = plans.slice(1);
		return next.plan;
	}

	/**
	 * @param {Turn} turn
	 * @returns {Partial<Reply>}
	 */
	function react({ tools, toolResult, userText, earlier, schema }) {
		const inForm = (/** @type {string} */ text) => ({
			text: schema ? JSON.stringify(answerInSchema(schema, userText, text)) : text,
		});
		if (toolResult !== undefined) return inForm(`The tool answered: ${toolResult}`);
		const [first] = tools;
		const planned = first ? toolCalls.shift() : undefined;
		if (first && planned) return { calls: [callOf(planned, tools, userText)] };
		const remembered = answerFromMemory(userText, earlier());
		if (remembered !== undefined) return inForm(remembered);
		const ignorance = admissionOfIgnorance(userText);
		if (ignorance !== undefined) return inForm(ignorance);
		if (first && !isIntroduction(userText)) return { calls: [callOf({}, tools, userText)] };
		return inForm(`You said: ${userText}`);
	}

	return {
		/** The calls it will make, in order, in requests that have tools; when there is none it makes one up from the tool's schema and what the user said. */
		toolCalls,
		get nextToolCall() {
			return toolCalls[0];
		},
		/** Queues a call. */
		set nextToolCall(call) {
			if (call) toolCalls.push(call);
		},

		/**
		 * Queues what it answers to the next requests, whatever they ask.
		 *
		 * @param {...Plan} next
		 */
		plan(...next) {
			for (const plan of next) {
				checkPlan(plan);
				plans.push({ plan, left: plan.times ?? 1 });
			}
			return plans.length;
		},

		/** Forgets what was planned. */
		clear() {
			toolCalls.length = 0;
			plans = [];
		},

		/**
		 * @param {Turn} turn
		 * @returns {Reply}
		 */
		reply(turn) {
			const plan = takePlan();
			const reply = plan ? fromPlan(plan, turn) : react(turn);
			return { calls: [], items: [], reasoning: false, ...reply };
		},
	};
}

/** @typedef {ReturnType<typeof createModel>} Model */

/**
 * @param {Plan} plan
 * @param {Turn} turn
 * @returns {Partial<Reply>}
 */
function fromPlan(plan, { tools, userText }) {
	const { text, refusal, json, incomplete, failed, ms } = plan;
	const isSilent = plan.toolCalls !== undefined || plan.items !== undefined || failed !== undefined;
	const said = json === undefined ? text : JSON.stringify(json);
	const words = said ?? (isSilent || refusal !== undefined ? undefined : `You said: ${userText}`);
	return {
		calls: (plan.toolCalls ?? []).map((call) => callOf(call, tools, userText)),
		items: plan.items ?? [],
		reasoning: plan.reasoning ?? false,
		...(words === undefined ? {} : { text: words }),
		...(refusal === undefined ? {} : { refusal }),
		...(incomplete === undefined ? {} : { incomplete }),
		...(failed === undefined
			? {}
			: { failed: { message: 'The model failed to generate a response.', ...failed } }),
		...(ms === undefined ? {} : { ms }),
	};
}

/**
 * @param {Partial<ToolCall>} call
 * @param {Tool[]} tools
 * @param {string} userText
 */
function callOf(call, tools, userText) {
	const tool = tools.find(({ name }) => name === call.name) ?? tools[0];
	const values = call.arguments ?? exampleFor(tool?.parameters, userText);
	return {
		name: call.name ?? tool?.name ?? 'tool',
		arguments: typeof values === 'string' ? values : JSON.stringify(values),
	};
}

const PLAN_FIELDS = new Set([
	'text',
	'refusal',
	'json',
	'toolCalls',
	'items',
	'reasoning',
	'incomplete',
	'failed',
	'ms',
	'times',
]);

/**
 * A slip in a plan would be an answer that never comes, and a test that proves nothing.
 *
 * @param {Plan} plan
 */
function checkPlan(plan) {
	const unknown = Object.keys(plan).find((field) => !PLAN_FIELDS.has(field));
	if (unknown !== undefined) throw new TypeError(`Plan: there is no field '${unknown}'`);
	if (![undefined, 'max_output_tokens', 'content_filter'].includes(plan.incomplete))
		throw new TypeError("Plan: incomplete is 'max_output_tokens' or 'content_filter'");
	if (plan.failed !== undefined && typeof plan.failed.code !== 'string')
		throw new TypeError('Plan: failed is an object with a code');
}
