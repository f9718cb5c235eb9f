"""The Scrapy spider of `make bench-crawl`: follows every link of one host."""

from urllib.parse import urlparse

import scrapy
from scrapy.http import HtmlResponse


class Site(scrapy.Spider):
    name = "site"
    custom_settings = {
        "CONCURRENT_REQUESTS": 16,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
        "DOWNLOAD_DELAY": 0,
        "RETRY_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "DOWNLOAD_MAXSIZE": 0,
    }

    def __init__(self, start, **kwargs):
        super().__init__(**kwargs)
        self.start_urls = [start]
        self.allowed_domains = [urlparse(start).hostname]

    def parse(self, response):
        if not isinstance(response, HtmlResponse):
            return
        yield {"url": response.url, "title": response.css("title::text").get()}
        for link in response.css("a::attr(href), area::attr(href)").getall():
            try:
                yield response.follow(link, self.parse)
            except ValueError:
                pass  # mailto: and the like
