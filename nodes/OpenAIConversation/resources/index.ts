import type { Resource } from '../operation';
import { conversation } from './conversation';
import { item } from './item';

/** The resources in the order in which the form lists them. */
export const resources: Resource[] = [conversation, item];
