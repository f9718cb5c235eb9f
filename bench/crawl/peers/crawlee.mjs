// The Crawlee crawler of `make bench-crawl`: follows every link of one host.
import { CheerioCrawler, Configuration, log } from '@crawlee/cheerio';

log.setLevel(log.LEVELS.ERROR);
const crawler = new CheerioCrawler({
  minConcurrency: 16,
  maxConcurrency: 16,
  maxRequestRetries: 0,
  async requestHandler({ request, $, pushData, enqueueLinks }) {
    await pushData({ url: request.loadedUrl, title: $('title').first().text() });
    await enqueueLinks({ selector: 'a[href], area[href]', strategy: 'same-hostname' });
  },
}, new Configuration({ persistStorage: false }));
await crawler.run([process.argv[2]]);
