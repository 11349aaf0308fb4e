"""The PyPI package openai, unchanged, against a running service: python -m unittest pypi_openai.Calls, or pypi_openai.Stalls
where an answer stands still for five seconds between two tokens. Reads OPENAI_BASE_URL and OPENAI_API_KEY, and
LAPIDARY_SINGLE_KEY, the key of a tenant that may have one request at a time."""

import asyncio
import json
import os
import threading
import time
import unittest

import openai
from pydantic import BaseModel, Field

MODEL = "lapidary-demo"
PERU = "What is the capital of Peru?"
LIMA = "The capital of Peru is Lima."
STALL_SECONDS = 5
# Between two bytes: shorter than a stall, longer than a busy machine keeps a heartbeat waiting.
READ_TIMEOUT_SECONDS = 3


class City(BaseModel):
    city: str = Field(max_length=8)


PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 8}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = {"name": "get_weather", "description": "Weather", "parameters": PARAMETERS, "strict": True}


def asked(content=PERU, **fields):
    return {"model": MODEL, "temperature": 0, "messages": [{"role": "user", "content": content}], **fields}


def responded(given=PERU, **fields):
    return {"model": MODEL, "temperature": 0, "input": given, **fields}


class Calls(unittest.TestCase):
    def setUp(self):
        self.client = openai.OpenAI(max_retries=0)
        self.addCleanup(self.client.close)

    def test_chat(self):
        answer = self.client.chat.completions.create(**asked())
        self.assertEqual(answer.choices[0].message.content, LIMA)
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        self.assertEqual((answer.usage.prompt_tokens, answer.usage.completion_tokens), (19, 10))

    def test_chat_stream(self):
        stream = self.client.chat.completions.create(**asked(stream=True, stream_options={"include_usage": True}))
        chunks = list(stream)
        self.assertEqual("".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices), LIMA)
        self.assertEqual(chunks[-1].usage.completion_tokens, 10)

    def test_asynchronous_chats(self):
        async def both():
            async with openai.AsyncOpenAI(max_retries=0) as client:
                return await asyncio.gather(*(client.chat.completions.create(**asked()) for _ in range(2)))

        self.assertEqual([answer.choices[0].message.content for answer in asyncio.run(both())], [LIMA, LIMA])

    def test_chat_tools(self):
        tools = [{"type": "function", "function": WEATHER}]
        question = asked("Weather in Rome?", tools=tools, max_tokens=60)
        message = self.client.chat.completions.create(**question, tool_choice="required").choices[0].message
        (call,) = message.tool_calls
        self.assertEqual(call.function.name, "get_weather")
        City.model_validate_json(call.function.arguments)
        told = [*question["messages"], message, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
        last = self.client.chat.completions.create(**{**question, "messages": told}, tool_choice="none").choices[0]
        self.assertTrue(last.message.content)
        self.assertIsNone(last.message.tool_calls)

    def test_streamed_chat_tools(self):
        tools = [{"type": "function", "function": WEATHER}]
        with self.client.chat.completions.stream(
            **asked("Weather in Rome?", tools=tools, tool_choice="required", max_tokens=60)
        ) as stream:
            events = [event.type for event in stream]
            (call,) = stream.get_final_completion().choices[0].message.tool_calls
        self.assertIn("tool_calls.function.arguments.delta", events)
        City.model_validate(call.function.parsed_arguments)

    def test_json_schema(self):
        answer = self.client.chat.completions.parse(**asked("Name a city as JSON."), response_format=City)
        self.assertIsInstance(answer.choices[0].message.parsed, City)

    def test_logprobs(self):
        answer = self.client.chat.completions.create(**asked(logprobs=True, top_logprobs=2))
        content = answer.choices[0].logprobs.content
        self.assertEqual("".join(token.token for token in content), LIMA)
        for token in content:
            self.assertEqual(token.logprob, token.top_logprobs[0].logprob)

    def test_completions(self):
        fields = {"model": MODEL, "max_tokens": 5, "temperature": 0, "logprobs": 1, "echo": True}
        answer = self.client.completions.create(prompt="Once upon a time", **fields)
        self.assertTrue(answer.choices[0].text.startswith("Once upon a time"))
        self.assertEqual(answer.choices[0].finish_reason, "length")
        self.assertIsNone(answer.choices[0].logprobs.token_logprobs[0])

    def test_models(self):
        self.assertEqual([model.id for model in self.client.models.list()], [MODEL])

    def test_errors(self):
        with self.assertRaises(openai.AuthenticationError):
            self.client.with_options(api_key="lap_dev_wrong_key").models.list()
        with self.assertRaises(openai.BadRequestError) as wrong:
            self.client.chat.completions.create(**{**asked(), "temperature": 9})
        self.assertEqual(wrong.exception.param, "temperature")
        with self.assertRaises(openai.NotFoundError):
            self.client.models.retrieve("no-such-model")
        with self.assertRaises(openai.BadRequestError) as long:
            self.client.chat.completions.create(**asked("word " * 20_000))
        self.assertEqual(long.exception.code, "context_length_exceeded")

    def test_retry_after_a_limit(self):
        answers = []
        hooks = {"response": [lambda response: answers.append((response, time.monotonic()))]}
        http_client = openai.DefaultHttpxClient(event_hooks=hooks)
        client = openai.OpenAI(api_key=os.environ["LAPIDARY_SINGLE_KEY"], max_retries=8, http_client=http_client)
        self.addCleanup(client.close)
        story = asked("Tell me a story.", stream=True, max_tokens=450, extra_body={"ignore_eos": True})
        running = client.chat.completions.create(**story)
        next(iter(running))
        threading.Timer(0.5, running.close).start()
        self.assertEqual(client.chat.completions.create(**asked()).choices[0].message.content, LIMA)
        (_, _), (refused, refused_at), *_, (last, last_at) = answers
        self.assertEqual((refused.status_code, last.status_code), (429, 200))
        self.assertGreaterEqual(last_at - refused_at, int(refused.headers["retry-after-ms"]) / 1000)
        self.assertNotEqual(last.request.headers["x-stainless-retry-count"], "0")

    def test_named_stream(self):
        # Event ids make the client take a blank line after a comment for an event.
        named = {"Idempotency-Key": os.urandom(8).hex()}
        texts = []
        for _ in range(2):
            stream = self.client.chat.completions.create(**asked(stream=True), extra_headers=named)
            texts.append("".join(chunk.choices[0].delta.content or "" for chunk in stream))
        self.assertEqual(texts, [LIMA, LIMA])

    def test_named_responses_stream(self):
        named = {"Idempotency-Key": os.urandom(8).hex()}
        ids = []
        for _ in range(2):
            events = list(self.client.responses.create(**responded(stream=True), extra_headers=named))
            self.assertEqual(events[-1].response.output_text, LIMA)
            ids.append(events[-1].response.id)
        self.assertEqual(ids[0], ids[1])

    def test_responses_tool_loop(self):
        tools = [{"type": "function", **WEATHER}]
        first = self.client.responses.create(
            **responded("Weather in Rome?", tools=tools, tool_choice="required", max_output_tokens=60)
        )
        (call,) = first.output
        self.assertEqual(set(json.loads(call.arguments)), {"city"})
        output = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
        with self.client.responses.stream(
            **responded([output], previous_response_id=first.id, tools=tools, tool_choice="none", max_output_tokens=60)
        ) as stream:
            kinds = {event.type for event in stream}
            second = stream.get_final_response()
        self.assertIn("response.output_text.delta", kinds)
        self.assertTrue(second.output_text)
        self.assertEqual(second.previous_response_id, first.id)

    def test_parsed_response_handed_on(self):
        question = {"role": "user", "content": "Name a city as JSON."}
        answer = self.client.responses.parse(**responded([question]), text_format=City)
        self.assertIsInstance(answer.output_parsed, City)
        again = self.client.responses.create(**responded([question, *answer.output, question]))
        self.assertTrue(again.output_text)


class Stalls(unittest.IsolatedAsyncioTestCase):
    """Nothing but signs of life keeps a client that hears nothing for some seconds from giving up."""

    async def test_all_kinds_of_answers(self):
        timeout = openai.Timeout(120, read=READ_TIMEOUT_SECONDS)
        async with openai.AsyncOpenAI(max_retries=0, timeout=timeout) as client:
            chat, respond = client.chat.completions.create, client.responses.create
            named = {"Idempotency-Key": os.urandom(8).hex()}
            answers = asyncio.gather(
                self.pieces(chat(**asked(stream=True, max_tokens=2)), delta_of_chat),
                self.pieces(chat(**asked(stream=True, max_tokens=2), extra_headers=named), delta_of_chat),
                self.pieces(respond(**responded(stream=True, max_output_tokens=2)), delta_of_response),
                self.whole(chat(**asked(max_tokens=2))),
            )
            self.assertEqual(await answers, ["The capital"] * 4)

    async def pieces(self, asking, text_of):
        """The texts of a stream together; asserts that it stood still between two of them."""
        pieces, times = [], []
        async for event in await asking:
            if text_of(event):
                pieces.append(text_of(event))
                times.append(time.monotonic())
        self.assertGreaterEqual(max(after - before for before, after in zip(times, times[1:])), STALL_SECONDS)
        return "".join(pieces)

    async def whole(self, asking):
        began = time.monotonic()
        answer = await asking
        self.assertGreaterEqual(time.monotonic() - began, STALL_SECONDS)
        return answer.choices[0].message.content


def delta_of_chat(chunk):
    return chunk.choices[0].delta.content


def delta_of_response(event):
    return event.type == "response.output_text.delta" and event.delta
