"""A server with a mistake in each activity except `newInstance`."""
import json

from seller import KEY, PASSWORD, USER_NAME, Handler, body_sign, serve

SUCCESS = '{"resultCode":"000000","resultMsg":"success."}'
JSON = {"Content_Type": "application/json"}


def signed(body, key=KEY):
    return {"Body_Sign": f'sign_type="HMAC-SHA256", signature= "{body_sign(body, key)}"', **JSON}


class Faulty(Handler):
    def answer_get(self, parameters):
        activity = parameters.get("activity")
        if activity == "newInstance":
            access = {"frontEndUrl": "https://app.example.com", "userName": USER_NAME,
                      "password": PASSWORD}
            body = json.dumps({"resultCode": "000000", "resultMsg": "success.", "appInfo": access,
                               "instanceId": parameters["businessId"]})
            self.reply(body, **signed(body))
        elif activity == "releaseInstance":
            # Signed like a request, with the time stamp in the key.
            self.reply(SUCCESS, **signed(SUCCESS, KEY + parameters["timeStamp"]))
        elif activity == "expireInstance":
            lower = {name.lower(): value for name, value in signed(SUCCESS).items()}
            self.reply(SUCCESS, **lower)
        elif activity == "refreshInstance":
            body = '{"resultCode":0,"resultMsg":"success."}'
            self.reply(body, **signed(body))
        elif activity == "instanceStatus":
            self.reply(SUCCESS, **JSON)
        elif activity == "queryInstance":
            body = '{"resultCode":"000000","resultMsg":"success.","info":[]}'
            self.reply(body, **signed(body))
        else:
            body = "\ufeff" + SUCCESS
            self.reply(body, **signed(body))

    def answer_post(self, _, body):
        activity = json.loads(body).get("activity")
        if "/produceAPI/" in self.path:
            self.reply("not found", 404, Content_Type="text/plain")
        elif activity == "newInstance":
            self.reply('{"resultCode":"000000","resultMsg":"success.","instanceId":"made-up"}',
                       **JSON)
        elif activity == "releaseInstance":
            self.reply('{"status":500,"error":"Internal Server Error"}', 500, **JSON)
        elif activity == "refreshInstance":
            self.reply("<!DOCTYPE html><title>502</title>", Content_Type="text/html; charset=utf-8")
        elif activity == "updateInstanceStatus":
            self.reply('{"resultCode":"000001","resultMsg":"invalid signature"}', **JSON)
        elif activity == "queryInstance":
            self.reply('{"resultCode":"000000","resultMsg":"success.","info":[{"appInfo":null}]}',
                       **JSON)
        elif activity == "upgradeInstance":
            self.reply(SUCCESS, Content_Type="text/plain")
        else:
            self.reply('{"resultCode":"0","resultMsg":"success."}', **JSON)


serve(Faulty)
