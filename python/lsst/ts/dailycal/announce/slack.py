# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Announce on Slack."""

__all__ = ["TOKEN_VARIABLE", "URL_VARIABLE", "SlackAnnouncer"]

import asyncio
import logging
import typing
from collections.abc import Sequence

from ..model import Announcement

TOKEN_VARIABLE = "DAILYCAL_SLACK_TOKEN"  # noqa: S105 - the name, not the token
"""Environment variable that holds the token; it is read from nowhere else."""
URL_VARIABLE = "DAILYCAL_SLACK_URL"
"""Environment variable with another address of Slack's API, for tests and gateways."""

_ADVICE = {
    "not_in_channel": "invite the app to the channel",
    "channel_not_found": "the channel does not exist, or the app cannot see it",
    "is_archived": "the channel is archived",
    "invalid_auth": f"{TOKEN_VARIABLE} holds no valid token",
    "not_authed": f"{TOKEN_VARIABLE} holds no token",
    "token_revoked": "the token was revoked",
    "token_expired": "the token has expired",
    "missing_scope": "the token lacks the scope chat:write",
    "ratelimited": "Slack asks for patience",
}


class SlackAnnouncer:
    """Posts announcements; whatever goes wrong is told, and never raised.

    Parameters
    ----------
    token : `str`
        Token of the app. It is never logged.
    url : `str`, optional
        Address of Slack's API; empty for Slack's own.
    """

    def __init__(self, token: str, url: str = "") -> None:
        self._token = token
        self._url = url

    def __repr__(self) -> str:
        return "SlackAnnouncer(token hidden)"

    async def announce(self, announcement: Announcement, timeout: float) -> Sequence[str]:
        """Post an announcement to all its channels at the same time."""
        problems = await asyncio.gather(
            *(self._post(channel, announcement.text, timeout) for channel in announcement.channels)
        )
        return [problem for problem in problems if problem]

    async def _post(self, channel: str, text: str, timeout: float) -> str:
        """Post to one channel; return what went wrong, empty if nothing did."""
        try:
            async with asyncio.timeout(timeout):
                await self._client(timeout).chat_postMessage(channel=channel, text=text)
        except TimeoutError:
            return f"{channel}: Slack did not take it within {timeout:g} s."
        except ImportError:
            return f"{channel}: slack_sdk is not installed (ts-dailycal[slack])."
        except Exception as error:  # noqa: BLE001 - an announcement must never harm a run
            return f"{channel}: {self._explain(error)}."
        return ""

    def _client(self, timeout: float) -> typing.Any:
        # Imported here: only who has a token needs it.
        from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
        from slack_sdk.web.async_client import AsyncWebClient

        log = logging.getLogger("lsst.ts.dailycal.slack")
        log.setLevel(logging.WARNING)  # its debug lines show what is sent
        return AsyncWebClient(
            token=self._token,
            base_url=self._url or AsyncWebClient.BASE_URL,
            timeout=max(1, int(timeout)),
            logger=log,
            retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=2)],
        )

    def _explain(self, error: Exception) -> str:
        response = getattr(error, "response", None)
        data = getattr(response, "data", None)  # a gateway may answer with a page of text
        code = str(data.get("error", "")) if isinstance(data, dict) else ""
        if response is not None and not isinstance(data, dict):
            return f"Slack answered with HTTP status {response.status_code}, not in its format"
        if code:
            advice = _ADVICE.get(code, "")
            return f"Slack refused it, {code}" + (f": {advice}" if advice else "")
        text = f"{type(error).__name__}: {error}".replace("\n", " ")
        # No library should put a token into an error; this makes sure.
        return text.replace(self._token, "(token)") if self._token else text
