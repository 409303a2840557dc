// The vendors' Node SDKs through a gateway. It reads what to do from its argument, as JSON, and writes what the SDKs
// got to standard output, a line of JSON each:
//
//   {"openai": URL, "anthropic": URL, "key": "what the SDKs have for an API key"}
//
// The proxy is the environment's, HTTPS_PROXY with NODE_EXTRA_CA_CERTS: undici's EnvHttpProxyAgent follows it, which
// Node.js's own fetch does not do unless it is told to.
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { EnvHttpProxyAgent, fetch as undiciFetch } from 'undici';

const todo = JSON.parse(process.argv[2]);
const dispatcher = new EnvHttpProxyAgent();
let last; // the head of the last answer

async function fetch(url, init) {
  last = await undiciFetch(url, { ...init, dispatcher });
  return last;
}

const tool = {
  name: 'get_weather',
  schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

async function openai(stream, retries) {
  const client = new OpenAI({ baseURL: `${todo.openai}/v1`, apiKey: todo.key, maxRetries: retries, fetch });
  const body = {
    model: 'drill-1',
    messages: [{ role: 'user', content: 'hello' }],
    tools: [{ type: 'function', function: { name: tool.name, parameters: tool.schema } }],
  };
  const completion = stream
    ? await client.chat.completions.stream(body).finalChatCompletion()
    : await client.chat.completions.create(body);
  const { content, tool_calls } = completion.choices[0].message;
  return { text: content ?? '', tools: (tool_calls ?? []).map((c) => [c.function.name, JSON.parse(c.function.arguments)]) };
}

async function anthropic(stream, retries) {
  const client = new Anthropic({ baseURL: todo.anthropic, apiKey: todo.key, maxRetries: retries, fetch });
  const body = {
    model: 'drill-1',
    max_tokens: 100,
    messages: [{ role: 'user', content: 'hello' }],
    tools: [{ name: tool.name, input_schema: tool.schema }],
  };
  const message = stream ? await client.messages.stream(body).finalMessage() : await client.messages.create(body);
  const text = message.content.filter((b) => b.type === 'text').map((b) => b.text).join('');
  return { text, tools: message.content.filter((b) => b.type === 'tool_use').map((b) => [b.name, b.input]) };
}

// What the fakes' script has for each SDK, in this order: a failover, a stream, a tool, a streamed tool, an exhausted
// pool whose wait the SDK heeds, and one that it is not let to.
const asks = [
  { stream: false, retries: 0 },
  { stream: true, retries: 0 },
  { stream: false, retries: 0 },
  { stream: true, retries: 0 },
  { stream: false, retries: 2 },
  { stream: true, retries: 0 },
];

for (const [sdk, ask] of Object.entries({ openai, anthropic })) {
  for (const { stream, retries } of asks) {
    let got;
    try {
      got = await ask(stream, retries);
    } catch (e) {
      got = { error: e.status ?? String(e), retryAfter: e.headers?.get('retry-after') ?? '' };
    }
    console.log(JSON.stringify({ sdk, stream, credential: last?.headers.get('x-gatedrill-credential') ?? '', ...got }));
  }
}
await dispatcher.close();
