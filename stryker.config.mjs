/**
 * `npm run mutation`: changes the code in thousands of small ways and checks whether a unit test, or one of a few
 * engine tests, notices. The table at its end has a row for each room, that is, each folder of code.
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
	mutate: [
		'nodes/shared/{transport,n8n,values,fields,api}/**/*.ts',
		// No unit test calls these; the tests in n8n's engine do.
		'!nodes/shared/api/{awaitResponse,responses,sendMessage,storedReply}.ts',
		'nodes/MemoryOpenAiConversation/{history,messages}.ts',
		'nodes/*/{execution,parameters}/**/*.ts',
	],
	testRunner: 'jest',
	jest: { projectType: 'custom', configFile: 'test/mutation/jest.config.js' },
	coverageAnalysis: 'perTest',
	// What only runs while a module loads, such as the texts of fields, would need all tests for each mutant.
	ignoreStatic: true,
	incremental: true,
	incrementalFile: '.sandbox/mutation/incremental.json',
	reporters: ['clear-text', 'progress-append-only', 'json', 'html'],
	clearTextReporter: { allowEmojis: false, logTests: false, reportTests: false },
	jsonReporter: { fileName: '.sandbox/mutation/mutants.json' },
	htmlReporter: { fileName: '.sandbox/mutation/mutants.html' },
	// Each property is tried this often for each mutant; jest keeps some memory with every run.
	maxTestRunnerReuse: 60,
	timeoutMS: 10_000,
	// Linters would find fault with the mutants in it.
	tempDirName: '.sandbox/stryker',
	cleanTempDir: 'always',
	ignorePatterns: [
		'*',
		'!nodes/**',
		'!credentials/**',
		'!test/**',
		'!server/**',
		'!sandbox/lib/**',
		'!docs/**',
		'!examples/**',
		'!*.{js,json,md}',
	],
	thresholds: { high: 95, low: 90, break: 90 },
};
