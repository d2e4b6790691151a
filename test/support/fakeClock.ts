/* eslint-disable @n8n/community-nodes/no-restricted-imports */
import { setImmediate as turn } from 'node:timers/promises';

import type { Clock } from '../../nodes/shared/transport/clock';

interface Timer {
	at: number;
	wake: () => void;
}

/** A clock that stands still while anything can go on, and then jumps to the next moment that is waited for. */
export class FakeClock implements Clock {
	private time = 0;
	private readonly timers = new Set<Timer>();

	/** @param lateness how many ms a timer comes too late */
	constructor(private readonly lateness: () => number = () => 0) {}

	readonly now = (): number => this.time;

	readonly wait = async (ms: number, signal?: AbortSignal): Promise<void> => {
		if (signal?.aborted === true) return;
		await new Promise<void>((resolve) => {
			const wake = () => {
				this.timers.delete(timer);
				signal?.removeEventListener('abort', wake);
				resolve();
			};
			const timer: Timer = { at: this.time + ms + this.lateness(), wake };
			this.timers.add(timer);
			signal?.addEventListener('abort', wake, { once: true });
		});
	};

	/** Lets time pass until the work is done. */
	async run<T>(work: Promise<T>): Promise<T> {
		let isDone = false;
		const end = () => {
			isDone = true;
		};
		work.then(end, end);
		for (;;) {
			await turn();
			if (isDone) return await work;
			let next: Timer | undefined;
			for (const timer of this.timers) if (next === undefined || timer.at < next.at) next = timer;
			if (next === undefined || next.at === Infinity) throw new Error('Everything stands still');
			this.time = Math.max(this.time, next.at);
			next.wake();
		}
	}
}

/** Numbers from 0 up to 1 that follow from a seed (mulberry32). */
export function seeded(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}
