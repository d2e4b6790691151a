const { availableParallelism } = require('node:os');

/** What every project shares. */
const base = {
	testEnvironment: 'node',
	roots: ['<rootDir>/test', '<rootDir>/nodes', '<rootDir>/credentials'],
	moduleFileExtensions: ['ts', 'js', 'mjs', 'json', 'node'],
	// Our own files, and the ES modules among the packages that tests use.
	transform: {
		'(\\.(ts|mjs)|/node_modules/(get-port|p-wait-for)/.*\\.js)$': [
			'@swc/jest',
			{
				jsc: {
					target: 'es2023',
					parser: { syntax: 'typescript', decorators: true },
					transform: { legacyDecorator: true, decoratorMetadata: true },
				},
				module: { type: 'commonjs' },
			},
		],
	},
	transformIgnorePatterns: ['/node_modules/(?!(get-port|p-wait-for)/)'],
};

/**
 * @param {string} name
 * @param {import('jest').Config} [more]
 */
const project = (name, more) => ({
	...base,
	displayName: name,
	testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
	...more,
});

/** @param {number} ms how long a test may take that does not say so itself */
const patience = (ms) => ({
	globals: { PATIENCE_MS: ms },
	setupFilesAfterEnv: ['<rootDir>/test/support/patience.mjs'],
});

/** One file after the other, after all others: what fills the machine by itself. */
const oneByOne = { runner: '<rootDir>/test/support/serialRunner.js' };

/** An n8n with the packed node in it, which all files of the project share. */
const withN8n = {
	...oneByOne,
	globalSetup: '<rootDir>/test/e2e/support/globalSetup.mjs',
	globalTeardown: '<rootDir>/test/e2e/support/globalTeardown.mjs',
};

/** Tests that look at the clock, play through waits of seconds or through thousands of cases. */
const SLOW = [
	'engine/delete',
	'engine/deleteWithItems',
	'engine/exactlyOnce',
	'engine/faults',
	'engine/inputs',
	'engine/manyItems',
	'engine/memory',
	'engine/pacing',
	'engine/pacingTokenBucket',
	'engine/parity',
	'engine/run',
	'engine/send',
	'engine/sendFaults',
	'engine/traps',
	'engine/trim',
	'engine/worstMoments',
	'unit/keyedQueue',
	'unit/largeInputs',
	'unit/memoryHistory',
	'unit/tokenBucket',
];
const withoutSlow = {
	testPathIgnorePatterns: SLOW.map((each) => `/test/${each}\\.test\\.ts$`),
};

/** Where what a user can enter is tried at random. */
const PROPERTIES = [
	'unit/{baseUrl,credential,field,ids,items,json*,metadata,options}.test.ts',
	'engine/inputs.test.ts',
];

/** @type {import('jest').Config} */
module.exports = {
	// Some tests look at the clock, which a crowded machine makes meaningless.
	maxWorkers: Math.max(2, Math.floor(0.75 * availableParallelism())),
	reporters: ['<rootDir>/test/support/reporter.mjs'],
	collectCoverageFrom: ['nodes/**/*.ts', 'credentials/**/*.ts'],
	coverageProvider: 'v8',
	coverageReporters: ['text', 'html'],
	projects: [
		project('unit', withoutSlow),
		project('server'),
		project('engine', withoutSlow),
		project('slow', {
			...oneByOne,
			testMatch: SLOW.map((each) => `<rootDir>/test/${each}.test.ts`),
		}),
		project('package'),
		project('docs'),
		project('checks', patience(300_000)),
		project('e2e', { ...withN8n, ...patience(60_000) }),
		project('properties', {
			testMatch: PROPERTIES.map((each) => `<rootDir>/test/${each}`),
			setupFiles: ['<rootDir>/test/support/manyRuns.mjs'],
			...patience(1_200_000),
		}),
		project('full', oneByOne),
		project('editor', { ...withN8n, ...patience(180_000) }),
	],
};
