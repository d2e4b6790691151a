import type { INodeProperties } from 'n8n-workflow';

import type { ReadParameter } from './reader';

export const simplifyField: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
};

export const readSimplify = (read: ReadParameter): boolean => read(simplifyField.name, true) === true;
