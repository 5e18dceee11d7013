"""A server that gives every call the same answer. The argument selects the answer.

With `stops` it answers the first calls with success, then closes every connection.
"""
import itertools
import sys

from seller import Handler, serve

HOW = sys.argv[1]
SUCCESS = '{"resultCode":"000000","resultMsg":"success.","instanceId":"made-up"}'
COUNT = itertools.count(1)


class Alike(Handler):
    def answer_get(self, _):
        self.answer()

    def answer_post(self, *_):
        self.answer()

    def answer(self):
        calls = next(COUNT)
        if HOW == "redirect":
            self.reply("", 301, Location="https://seller.example/produce?authToken=secret")
        elif HOW == "html":
            self.reply("<!DOCTYPE html><title>welcome</title>", Content_Type="text/html")
        elif HOW == "json":
            self.reply('{"code":0}', Content_Type="application/json")
        elif HOW.isdigit() and len(HOW) == 3:
            self.reply("no", int(HOW), Content_Type="text/plain")
        elif HOW.isdigit():
            self.reply(SUCCESS.replace("000000", HOW), Content_Type="application/json")
        # The first call only checks that the server listens.
        elif HOW == "stops" and calls <= 5:
            self.reply(SUCCESS, Content_Type="application/json")
        else:
            self.close_connection = True


serve(Alike)
