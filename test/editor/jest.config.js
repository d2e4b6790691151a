const base = require('../../jest.config.js');

/**
 * The editor of a real n8n with the packed node in it, in a real browser. globalSetup starts n8n, each file a browser.
 *
 * @type {import('jest').Config}
 */
module.exports = {
	...base,
	rootDir: '../..',
	testMatch: ['<rootDir>/test/editor/**/*.test.ts'],
	globalSetup: '<rootDir>/test/e2e/support/globalSetup.mjs',
	globalTeardown: '<rootDir>/test/e2e/support/globalTeardown.mjs',
	testTimeout: 180_000,
	maxWorkers: 1,
};
