// jest takes `testTimeout` from the command line or for all projects, not for one of them.
jest.setTimeout(Number(Reflect.get(globalThis, 'PATIENCE_MS')));
