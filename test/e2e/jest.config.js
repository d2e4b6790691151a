const base = require('../../jest.config.js');

/**
 * The packed node in a real n8n, which all files share: globalSetup starts it. One file after the other, since an n8n,
 * its commands and the tests of a small machine get in each other's way.
 *
 * @type {import('jest').Config}
 */
module.exports = {
	...base,
	rootDir: '../..',
	testMatch: ['<rootDir>/test/e2e/**/*.test.ts'],
	globalSetup: '<rootDir>/test/e2e/support/globalSetup.mjs',
	globalTeardown: '<rootDir>/test/e2e/support/globalTeardown.mjs',
	testTimeout: 60_000,
	maxWorkers: 1,
	// What a failed test left open must not keep the run from ending; processes end with the run in any case.
	forceExit: true,
};
