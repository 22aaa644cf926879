"""The mail sink: takes every letter and writes it down as a file; some domains behave as bad ones do.

Usage: mail_sink.py ADDRESS PORT FOLDER. Where `<n>.eml` stands, the letter was taken in whole.
  refused.test  is turned away for good (550)
  busy.test     is asked to come again (451)
  slow.test     is taken in, and told so only seconds later
"""

import asyncio
import itertools
import os
import signal
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP

SLOW_S = 3


class Sink:
    def __init__(self, folder):
        self.folder = folder
        taken = (int(path.stem) for path in folder.glob("*.eml"))
        self.numbers = itertools.count(max(taken, default=0) + 1)

    async def handle_RCPT(self, server, session, envelope, address, options):
        domain = address.rpartition("@")[2].lower()
        if domain == "refused.test":
            return "550 no such mailbox"
        if domain == "busy.test":
            return "451 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        number = next(self.numbers)
        draft = self.folder / f"{number}.draft"
        draft.write_bytes(envelope.original_content)
        os.rename(draft, self.folder / f"{number}.eml")
        if any(address.lower().endswith("@slow.test") for address in envelope.rcpt_tos):
            await asyncio.sleep(SLOW_S)
        return "250 OK"


async def main(address, port, folder):
    folder.mkdir(parents=True, exist_ok=True)
    sink, over, loop = Sink(folder), asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    server = await loop.create_server(lambda: SMTP(sink, enable_SMTPUTF8=True, loop=loop), address, port)
    await over.wait()
    server.close()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))
