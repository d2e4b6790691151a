export { setUp as default } from './underTest.mjs';
