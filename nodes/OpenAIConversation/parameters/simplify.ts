import type { INodeProperties } from 'n8n-workflow';

import { parseBoolean } from '../../shared/values/boolean';
import type { ReadParameter } from '../../shared/values/field';

export const simplifyField: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
};

/** @throws {FieldError} when it is neither true nor false */
export const parseSimplify = (read: ReadParameter): boolean =>
	parseBoolean(read(simplifyField.name, true), simplifyField.displayName, true);
