const { projects = [] } = require('../../jest.config.js');

/** The unit tests alone: Stryker runs one project. */
module.exports = {
	...projects.find((each) => typeof each === 'object' && each['displayName'] === 'unit'),
	rootDir: '../..',
	// Those that take long too.
	testPathIgnorePatterns: [],
	setupFilesAfterEnv: ['<rootDir>/test/mutation/withoutSpeed.js'],
};
