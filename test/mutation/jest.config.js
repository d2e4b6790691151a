const { projects = [] } = require('../../jest.config.js');

/** The unit tests, and of the engine's those that run what no unit test does: Stryker runs one project. */
module.exports = {
	...projects.find((each) => typeof each === 'object' && each['displayName'] === 'unit'),
	rootDir: '../..',
	testMatch: [
		'<rootDir>/test/unit/*.test.ts',
		'<rootDir>/test/engine/{create,failedItems,itemAdd,outputs,run}.test.ts',
	],
	// What takes long. The rate limiter has shorter tests of its own.
	testPathIgnorePatterns: ['/test/unit/(largeInputs|tokenBucket)\\.test\\.ts$'],
};
