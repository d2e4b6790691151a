const base = require('./jest.config.js');
const out = ['tokenBucket','memory','keyedQueue','transcript','trimming','storedForm','carryOver','reply','removal','panel','properties','items','itemText','listItems','append'];
module.exports = { ...base, testPathIgnorePatterns: out.map((n) => `/test/unit/${n}\\w*\\.test\\.ts$`) };
