const { default: TestRunner } = require('jest-runner');

/** Runs one file after the other, once the files of all other projects are done. */
module.exports = class SerialRunner extends TestRunner {
	isSerial = true;
};
