const base = require('../../jest.config.js');

const tests = (process.env['MUTATION_TESTS'] ?? '').split(' ').filter(Boolean);

/**
 * For mutation testing, with the tests that the environment names.
 *
 * @type {import('jest').Config}
 */
module.exports = {
	...base,
	rootDir: '../..',
	testMatch: tests.map((test) => `<rootDir>/${test}`),
	setupFilesAfterEnv: ['<rootDir>/test/mutation/withoutSpeed.js'],
};
