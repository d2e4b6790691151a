import { Failure } from '../../sandbox/index.mjs';
import { rotated, summaryOf } from './statistics.mjs';

/** @import { Say } from './part.mjs' */
/** @import { Peer } from './peers.mjs' */
/** @import { Stage } from './stage.mjs' */
/** @import { Summary } from './statistics.mjs' */

/** @typedef {{ label: string, ms: number[], summary: Summary, maxInFlight: number, connections: number }} PeerResult */

/**
 * The same update of conversations through several nodes, in interleaved rounds. The time is the measured node's alone,
 * as n8n reports it.
 *
 * @param {Stage} stage
 * @param {Record<string, Peer>} peers
 * @param {{ items: number, latencyMs: number, rounds: number, warmUp: number }} job
 * @param {Say} say
 * @returns {Promise<Record<string, PeerResult>>}
 */
export async function compare(
	{ api, publishPeer, call, lastRun },
	peers,
	{ items, latencyMs, rounds, warmUp },
	say,
) {
	const entries = await Promise.all(
		Object.entries(peers).map(async ([name, peer]) => ({
			name,
			peer,
			job: await publishPeer(peer),
		})),
	);
	/** @type {Record<string, PeerResult>} */
	const results = Object.fromEntries(
		entries.map(({ name, peer }) => [
			name,
			{ label: peer.label, ms: [], summary: summaryOf([NaN]), maxInFlight: 0, connections: 0 },
		]),
	);
	for (let round = -1; round < rounds; round++) {
		for (const { name, peer, job } of rotated(entries, Math.max(0, round))) {
			const count = round < 0 ? warmUp : items;
			say(
				round < 0 ? `warming up: ${peer.label}` : `round ${round + 1} of ${rounds}: ${peer.label}`,
			);
			await api.reset({ latencyMs: round < 0 ? 0 : latencyMs });
			const ids = await api.seed(count);
			const before = await api.stats();
			await call(
				job,
				ids.map((id) => ({ id })),
			);
			const { requests, maxInFlight, connections } = await api.stats();
			if (requests !== count || (await api.countUpdated()) !== count) {
				throw new Failure(
					`${peer.label} made ${requests} requests and updated ${await api.countUpdated()} of ${count} conversations.`,
				);
			}
			const { executionTime } = await lastRun(job);
			const result = results[name];
			if (round < 0 || result === undefined) continue;
			result.ms.push(executionTime);
			result.summary = summaryOf(result.ms);
			result.maxInFlight = Math.max(result.maxInFlight, maxInFlight);
			result.connections = connections - before.connections;
		}
	}
	return results;
}
