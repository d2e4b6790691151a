/** @import { Goal } from './goals.mjs' */
/** @import { barPlot } from './plot.mjs' */
/** @import { Stage } from './stage.mjs' */

/** @typedef {(detail: string) => void} Say adds to the line on which the part's progress is shown */

/**
 * @typedef {object} Scale
 * @property {number} rounds how often what is short is measured
 * @property {(count: number) => number} some how many items stand for so many: all of them, or in a quick run a tenth
 */

/**
 * One thing that is measured. Its result is kept as JSON, and goals, section and plot are made from that.
 *
 * @template [Result=any]
 * @typedef {object} Part
 * @property {string} title
 * @property {(stage: Stage, scale: Scale, say: Say) => Promise<Result>} measure
 * @property {(result: Result) => Goal[]} goals
 * @property {(result: Result) => string} section Markdown with a heading of the second level
 * @property {(result: Result, note: string) => Parameters<typeof barPlot>[0]} [plot]
 */
