# A mail server that prints each mail that it takes as a line of JSON. Arguments: user:password or -, certificate and key or -,
# and what it answers to a mail.
import asyncio, json, ssl, sys
from email import message_from_bytes, policy
from aiosmtpd.smtp import SMTP, AuthResult

user, cert, key, answer = sys.argv[1:5]


class Handler:
    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        print(json.dumps({
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "encrypted": session.ssl is not None,
            "headers": dict(mail.items()), "body": mail.get_content(),
        }), flush=True)
        return answer


def authenticate(server, session, envelope, mechanism, data):
    given = b":".join([data.login, data.password]).decode()
    return AuthResult(success=given == user, handled=False)


async def main():
    context = None
    if cert != "-":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
    more = {} if user == "-" else {"authenticator": authenticate, "auth_required": True, "auth_require_tls": True}
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Handler(), tls_context=context, hostname="sink", enable_SMTPUTF8=True, **more), "127.0.0.1", 0)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


asyncio.run(main())
