const base = require('../../jest.config.js');

const layers = process.env['MUTATION_TESTS'] === 'unit' ? ['unit'] : ['unit', 'engine'];

/**
 * For mutation testing: the fast layers without what takes long by its nature, which to run for each mutant would take
 * days. Tests of the repository's own texts find no fault in the code.
 *
 * @type {import('jest').Config}
 */
module.exports = {
	...base,
	rootDir: '../..',
	testMatch: layers.map((layer) => `<rootDir>/test/${layer}/**/*.test.ts`),
	setupFilesAfterEnv: ['<rootDir>/test/mutation/withoutSpeed.js'],
	testPathIgnorePatterns: [
		'/node_modules/',
		'/test/unit/readme\\.test\\.ts$',
		'/test/engine/(manyItems|pacing|pacingTokenBucket|parity|addingAnOperation)\\.test\\.ts$',
	],
};
