/**
 * The shapes that the server's modules hand to one another. This file has no code.
 *
 * @typedef {Record<string, unknown>} JsonObject
 *
 * @typedef {{ id: string, type: string, [field: string]: unknown }} Item
 *   One item of a conversation, as the API returns it when everything is included.
 *
 * @typedef {Object} StoredConversation
 * @property {string} id
 * @property {'conversation'} object
 * @property {number} created_at Unix seconds
 * @property {Record<string, string>} metadata
 * @property {Item[]} items oldest first
 *
 * @typedef {[name: string, value: string]} HeaderPair
 *
 * @typedef {Object} Answer
 * @property {number} status
 * @property {HeaderPair[]} headers without `content-length`, which the wire adds
 * @property {string | Buffer} body
 * @property {string[]} [chunks] the same body in the pieces a streamed answer is written in
 *
 * @typedef {Object} RequestRecord One request as the server saw it.
 * @property {number} index 0-based, in order of arrival
 * @property {number} receivedAt milliseconds on the clock of `performance.now()`
 * @property {string} method
 * @property {string} path without the query string, undecoded
 * @property {string} query raw, without `?`
 * @property {string} rawUrl the request target as it came
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {string[]} rawHeaders names and values in turn
 * @property {string} bodyText
 * @property {unknown} body the parsed JSON, or undefined
 * @property {string | undefined} [conversation] the ID of the conversation that it names
 * @property {number | undefined} status the status sent, undefined while none was
 * @property {boolean} applied whether the request changed the store; for a response, whether its items
 *   joined the conversation or, in the background, will
 * @property {string | undefined} fault the name of the fault rule that took the request
 * @property {boolean} aborted the client hung up before the answer had ended
 * @property {number | undefined} endedAt milliseconds, on the same clock
 *
 * @typedef {Object} FaultMatch Every given part must fit.
 * @property {string} [method] case does not matter
 * @property {string | RegExp} [path] a string is the whole path, with or without the base path
 * @property {number} [nth] only the nth request (from 1) that fits the other parts
 * @property {(request: RequestRecord) => boolean} [predicate]
 *
 * @typedef {Object} Drip
 * @property {number} everyMs milliseconds between two pieces
 * @property {number} bytes bytes in a piece, at least 1
 *
 * @typedef {'before-headers' | 'after-headers' | 'mid-body'} CutPoint
 *
 * @typedef {string | Buffer | JsonObject | unknown[] | null} FaultBody Strings and buffers go out
 *   verbatim, the rest as JSON.
 *
 * @typedef {'fewer' | 'reversed' | 'overlapping' | 'repeated' | 'without-has-more'} WrongList The
 *   last item is missing; the items come in the opposite order; the page begins with the last item
 *   of the one before; it is the first page again; it has no `has_more`.
 *
 * @typedef {Object} PartialAnswer
 * @property {number} [status]
 * @property {Record<string, string> | HeaderPair[]} [headers]
 * @property {FaultBody} [body]
 *
 * @typedef {Object} FaultRule What to do to the requests that match. With neither `status`, `body`
 *   nor `respond` the genuine answer is used, and so the request is applied, unless the rule
 *   answers nothing at all.
 * @property {string} [name]
 * @property {FaultMatch} [match] default: every request
 * @property {number} [times] how many requests it takes, default 1; Infinity for all
 * @property {number} [skip] matching requests to let pass first, default 0
 * @property {boolean} [apply] apply the request to the store before failing; a response is made in
 *   the model's time first
 * @property {number} [applyAfterMs] apply the request to the store that many milliseconds after the
 *   answer was sent, the connection broken or the silence begun. The answer is the rule's own; a
 *   connection that breaks off without one breaks off within a 200
 * @property {boolean | 'forwarding'} [gateway] the answer is a gateway's: it carries none of
 *   OpenAI's own headers, or with 'forwarding' has them under the prefix `llm_provider-`; `status`
 *   alone gives a gateway's error in OpenAI's form
 * @property {number} [delayMs] wait before answering
 * @property {number} [status] alone, with 400 or above: OpenAI's usual error body for it; alone,
 *   below 400: no body
 * @property {Record<string, string> | HeaderPair[]} [headers] override the usual ones by name
 * @property {FaultBody} [body]
 * @property {(request: RequestRecord, genuine: () => Answer) => PartialAnswer | undefined | Promise<PartialAnswer | undefined>} [respond]
 *   computes the answer; undefined means the genuine one. The model takes no time when `genuine` is
 *   called
 * @property {WrongList} [list] what is wrong with the genuine answer, where that is a list
 * @property {CutPoint} [reset] end the connection by RST there
 * @property {CutPoint} [close] end the connection by FIN there
 * @property {true | 'headers' | 'body'} [hang] send nothing; half of the headers; or the headers and
 *   half of the body; and then wait for the client to leave
 * @property {Drip} [dripHeaders]
 * @property {Drip} [dripBody]
 * @property {boolean} [chunked] chunked transfer encoding instead of a content length
 * @property {number} [contentLength] the content length to claim
 * @property {number} [truncate] bytes of the body to send; the rest never comes
 * @property {number} [bodySize] bytes; the JSON body is padded to that length and streamed
 * @property {boolean} [closeKeepAlive] promise keep-alive, answer, and close the connection at once
 * @property {boolean} [invalidUtf8] put bytes that are no UTF-8 into the body
 *
 * @typedef {Object} FaultHandle
 * @property {number} hits requests the rule has taken
 * @property {FaultRule} rule
 * @property {() => void} remove
 *
 * @typedef {Object} RateLimit A token bucket: one token per request.
 * @property {number} perSecond tokens that come back per second, above 0
 * @property {number} burst the bucket's size, at least 1
 * @property {'ms' | 'seconds' | 'none'} [retryAfter] how a 429 names the wait: `retry-after-ms`,
 *   `retry-after` in whole seconds, or not at all; default 'ms'
 *
 * @typedef {'replace' | 'merge'} UpdateSemantics What an update does with keys it does not name.
 *
 * @typedef {Object} Settings
 * @property {number | (() => number)} latencyMs milliseconds before each answer
 * @property {UpdateSemantics} updateSemantics
 * @property {RateLimit | undefined} rateLimit
 * @property {'refuse' | 'ignore'} unknownParameters what becomes of body parameters the API does not know
 * @property {readonly string[]} unknownIncludes `include` values that are refused, as by a gateway
 *   that does not know them
 * @property {'keep' | 'replace' | 'refuse'} malformedText what becomes of NULs and half characters in
 *   texts and metadata: stored as they are, stored as U+FFFD, or refused with 400
 * @property {'clear' | 'refuse'} emptyUpdate what an update with the metadata `{}` does
 * @property {boolean} lockMetadata whether an update is refused too while a response is being made
 * @property {number | (() => number)} modelMs milliseconds that a response takes
 * @property {number} keepResponsesMs milliseconds for which a response made in the background can be
 *   retrieved after its end
 *
 * @typedef {Object} Plan What the model answers to a request; with nothing but `ms`, `reasoning` or
 *   `incomplete` it repeats what the user said.
 * @property {string} [text]
 * @property {string} [refusal]
 * @property {unknown} [json] its JSON is the text
 * @property {ToolCall[]} [toolCalls]
 * @property {JsonObject[]} [items] more output items, in the API's own shape
 * @property {boolean} [reasoning] a reasoning item comes first
 * @property {'max_output_tokens' | 'content_filter'} [incomplete] the status is `incomplete` for
 *   that reason
 * @property {{ code: string, message?: string }} [failed] the status is `failed`, and nothing joins
 *   the conversation; OpenAI's codes are `server_error`, `rate_limit_exceeded`, `invalid_prompt`
 * @property {number} [ms] milliseconds that it takes, instead of the setting `modelMs`
 * @property {number} [times] how many requests get it, default 1; Infinity for all
 *
 * @typedef {Object} ToolCall
 * @property {string} [name] default: the request's first tool
 * @property {JsonObject | string} arguments an object, or the JSON text as it is to go out
 */
export {};
