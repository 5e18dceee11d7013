// A seller's own server for the marketplace's purchases (V2), with express and ioredis. It verifies a
// call, gives each order one instance, and signs its answer. tests/bench/run compares it with koohook.
//
//     ACCESS_KEY=… REDIS_URL=redis://127.0.0.1:6379 LISTEN=127.0.0.1:8000 node server.js
"use strict";

const { createHmac, randomUUID, timingSafeEqual } = require("node:crypto");
const express = require("express");
const Redis = require("ioredis");

const { ACCESS_KEY, REDIS_URL, LISTEN } = process.env;
const WINDOW_MILLIS = 60_000;
const redis = new Redis(REDIS_URL);

const hmac = (text) => createHmac("sha256", ACCESS_KEY).update(text);

function matches(signature, payload, { timestamp, nonce }) {
  const expected = hmac(ACCESS_KEY + nonce + timestamp + hmac(payload).digest("hex")).digest();
  const given = Buffer.from(signature, "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

// The guide signs the members sorted by name, without null members and without blanks.
function canonical(call) {
  const members = Object.entries(call).filter(([, value]) => value !== null);
  members.sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify(Object.fromEntries(members));
}

function parse(body) {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

// SET with NX writes only the first purchase of an order. A repeat reads what the first one wrote.
async function instanceOf({ orderId, orderLineId, businessId }) {
  const key = `instance:${orderId}:${orderLineId}`;
  const created = { instanceId: randomUUID(), businessId, createdAt: Date.now() };
  const written = await redis.set(key, JSON.stringify(created), "NX");
  return written === "OK" ? created.instanceId : JSON.parse(await redis.get(key)).instanceId;
}

async function answerTo(query, body) {
  const { signature, timestamp, nonce } = query;
  if (typeof timestamp !== "string" || typeof nonce !== "string") return { resultCode: "000002" };
  // Not `>`: a timestamp that is not a number must not pass.
  if (!(Math.abs(Date.now() - Number(timestamp)) <= WINDOW_MILLIS)) return { resultCode: "000002" };
  if (typeof signature !== "string") return { resultCode: "000001" };
  const call = parse(body);
  const isSigned =
    matches(signature, body, query) || (call && matches(signature, canonical(call), query));
  if (!isSigned) return { resultCode: "000001" };
  if (call?.activity !== "newInstance" || !call.orderId || !call.orderLineId || !call.businessId)
    return { resultCode: "000002" };
  if (call.testFlag === "1") return { resultCode: "000000", instanceId: call.businessId };
  return { resultCode: "000000", instanceId: await instanceOf(call) };
}

const MESSAGES = {
  "000000": "success",
  "000001": "authentication failed",
  "000002": "invalid request parameter",
  "000005": "internal error",
};

function send(response, answer) {
  const { resultCode, ...more } = answer;
  const body = JSON.stringify({ resultCode, resultMsg: MESSAGES[resultCode], ...more });
  const signature = hmac(body).digest("base64");
  // Not with `response.set` and `response.send`: they add a charset and an ETag.
  response.setHeader("Content-Type", "application/json");
  response.setHeader("Body-Sign", `sign_type="HMAC-SHA256", signature= "${signature}"`);
  response.end(body);
}

const app = express();
app.disable("x-powered-by");
// Not `express.json`: the signature covers the bytes, and the marketplace's charset `utf8` is unknown.
app.use(express.raw({ type: () => true, limit: "64kb" }));
app.post("/saasproduce", async (request, response) => {
  send(response, await answerTo(request.query, request.body));
});
app.use((error, request, response, next) => {
  console.error(error);
  send(response, { resultCode: "000005" });
});

const [host, port] = LISTEN.split(":");
app.listen(Number(port), host);
