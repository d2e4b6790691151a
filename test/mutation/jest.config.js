const { projects = [] } = require('../../jest.config.js');

/** The unit tests alone: Stryker runs one project. */
module.exports = {
	...projects.find((each) => typeof each === 'object' && each['displayName'] === 'unit'),
	rootDir: '../..',
	// What takes long too, but for the runs of thousands of requests: the rate limiter has shorter tests of its own.
	testPathIgnorePatterns: ['/test/unit/tokenBucket\\.test\\.ts$'],
	setupFilesAfterEnv: ['<rootDir>/test/mutation/withoutSpeed.js'],
};
