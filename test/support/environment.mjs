/** What this shell, npm and jest say of themselves: a program that is tried must not take it for its own settings. */
const FOREIGN = /^(npm_|OPENAI_|N8N_|NODE_OPTIONS$|JEST_|NODE_ENV$|PROPERTY_RUNS$)/;

/** @returns {NodeJS.ProcessEnv} what a user's shell has */
export const userEnvironment = () =>
	Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)));
