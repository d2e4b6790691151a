export { tearDown as default } from './underTest.mjs';
