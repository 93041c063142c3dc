// The site: one page per path, drawn from plain DOM calls, so that nothing a person typed is ever read as HTML.

const API = '/api';
const PAGE_SIZE = 12;
const rand = new Intl.NumberFormat('en-ZA', { style: 'currency', currency: 'ZAR', maximumFractionDigits: 0 });
const day = new Intl.DateTimeFormat('en-ZA', { day: 'numeric', month: 'short', year: 'numeric' });

const CATEGORIES = ['Plumbing', 'Electrical', 'Painting', 'Tiling', 'Roofing', 'Carpentry', 'Construction', 'Cleaning', 'Landscaping'];
const TRADES = ['Electrician', 'Plumber', 'Builder', 'Bricklayer', 'Tiler', 'Carpenter', 'Painter', 'Welder', 'Roofer', 'Architect or draughtsman', 'Land surveyor', 'Security installer', 'General handyman'];
const GOODS = ['Bricks and blocks', 'Cement and sand', 'Timber', 'Tiles', 'Plumbing', 'Electrical', 'Tools', 'Paint', 'Garden'];

const ROLES = [
  { name: 'Homeowners', path: '/jobs', line: 'Describe the job once. Compare bids side by side, and choose on price, record and reviews.', link: 'See open jobs', mark: 'M4 20V10l8-6 8 6v10h-5v-6h-6v6z' },
  { name: 'Workers', path: '/workers', line: 'Find paid work near you. Bid your own price, build a record that follows you to the next job.', link: 'Work with Khaya', mark: 'M14.5 3.5a5 5 0 0 0-4.7 6.6L3.5 16.4l4.1 4.1 6.3-6.3a5 5 0 0 0 6.4-6.1l-3.1 3-2.8-.6-.7-2.8 3-3.1a5 5 0 0 0-2.2-1.1z' },
  { name: 'Sellers', path: '/materials', line: 'List bricks, timber, tiles and tools where people who are about to build are looking.', link: 'Sell materials', mark: 'M3 8l9-4 9 4v9l-9 4-9-4zM3 8l9 4 9-4M12 12v9' },
];

const STEPS = [
  ['Post', 'A homeowner says what has to be done, where, by when, and for how much.'],
  ['Bid', 'Workers answer with a price, a number of days and how they would do it.'],
  ['Choose', 'One bid is accepted, the others are told at once, and work begins.'],
  ['Review', 'When it is done, both sides review each other. Good work is seen by the next customer.'],
];

const ROUTES = [
  [/^\/$/, home],
  [/^\/jobs\/?$/, jobs],
  [/^\/jobs\/([^/]+)\/?$/, job],
  [/^\/workers\/?$/, workers],
  [/^\/materials\/?$/, materials],
  [/^\/how-it-works\/?$/, howItWorks],
];

const main = document.getElementById('main');

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

function icon(path) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

async function ask(path) {
  const answer = await fetch(API + path, { headers: { accept: 'application/json' } });
  const type = answer.headers.get('content-type') || '';
  if (!type.includes('application/json')) {
    throw new Error('The service answered with something that is not data.');
  }
  const body = await answer.json();
  if (!answer.ok) {
    const error = new Error(body.error ? body.error.message : `The service answered ${answer.status}.`);
    error.status = answer.status;
    throw error;
  }
  return body;
}

function chips(words) {
  return el('ul', { class: 'chips' }, ...words.map((word) => el('li', {}, word)));
}

function steps() {
  return el('ol', { class: 'steps' }, ...STEPS.map(([name, line]) => el('li', {}, el('h3', {}, name), el('p', {}, line))));
}

function jobCard(item) {
  const place = el('p', { class: 'quiet' }, `${item.category} · ${item.location}`);
  const title = el('h3', {}, el('a', { href: `/jobs/${encodeURIComponent(item.id)}` }, item.title));
  const facts = el('p', { class: 'facts' }, el('strong', {}, rand.format(item.budget / 100)), ` · posted ${day.format(new Date(item.createdAt))}`);
  return el('li', { class: 'card' }, place, title, el('p', { class: 'clamp' }, item.description), facts);
}

function notice(text, retry) {
  const box = el('div', { class: 'notice', role: 'status' }, el('p', {}, text));
  if (retry) {
    const button = el('button', { type: 'button', class: 'button plain' }, 'Try again');
    button.addEventListener('click', retry);
    box.append(button);
  }
  return box;
}

function waiting(count) {
  const cards = Array.from({ length: count }, () => el('li', { class: 'card ghost', 'aria-hidden': 'true' }));
  return el('ul', { class: 'cards' }, ...cards);
}

/** Fills `place` with jobs, page by page, and says so when there are none or they cannot be had. */
async function fillJobs(place, { limit, more }) {
  place.setAttribute('aria-busy', 'true');
  place.replaceChildren(waiting(3));
  const list = el('ul', { class: 'cards' });
  let cursor = null;
  const next = async () => {
    const query = new URLSearchParams({ status: 'open', limit: String(limit) });
    if (cursor) {
      query.set('cursor', cursor);
    }
    const page = await ask(`/jobs?${query}`);
    list.append(...page.items.map(jobCard));
    cursor = page.nextCursor;
  };
  const show = async () => {
    try {
      await next();
    } catch (error) {
      place.replaceChildren(...(list.children.length ? [list] : []), notice(`Jobs cannot be shown right now. ${error.message}`, show));
      return;
    } finally {
      place.removeAttribute('aria-busy');
    }
    place.replaceChildren(list.children.length ? list : notice('No open jobs at the moment. New ones appear here as soon as they are posted.'));
    if (more && cursor) {
      const button = el('button', { type: 'button', class: 'button plain' }, 'Show more');
      button.addEventListener('click', show);
      place.append(button);
    }
  };
  await show();
}

function home() {
  const newest = el('div', { 'aria-live': 'polite' });
  fillJobs(newest, { limit: 6, more: false });
  return {
    title: 'Building work, fairly found',
    nodes: [
      el('section', { class: 'hero' }, el('div', { class: 'wrap' },
        el('p', { class: 'eyebrow' }, 'South Africa’s marketplace for building work'),
        el('h1', {}, 'Building work, fairly found.'),
        el('p', { class: 'lead' }, 'Homeowners post jobs, workers bid, sellers list materials. One place, clear prices, and a record you can read before you decide.'),
        el('p', { class: 'actions' },
          el('a', { class: 'button', href: '/jobs' }, 'Browse open jobs'),
          el('a', { class: 'button plain', href: '/how-it-works' }, 'How it works')))),
      el('section', { class: 'wrap roles', 'aria-label': 'Who Khaya is for' },
        ...ROLES.map((role) => el('article', { class: 'role' }, icon(role.mark), el('h2', {}, role.name), el('p', {}, role.line),
          el('a', { href: role.path }, role.link)))),
      el('section', { class: 'wrap band' }, el('div', { class: 'head' }, el('h2', {}, 'Newest jobs'), el('a', { href: '/jobs' }, 'All jobs')), newest),
      el('section', { class: 'wrap band' }, el('h2', {}, 'What people need done'), chips(CATEGORIES)),
      el('section', { class: 'tint' }, el('div', { class: 'wrap band' }, el('h2', {}, 'Four steps, no surprises'), steps())),
    ],
  };
}

function page(heading, lead, ...rest) {
  return { title: heading, nodes: [el('section', { class: 'wrap page' }, el('h1', {}, heading), el('p', { class: 'lead' }, lead), ...rest)] };
}

function jobs() {
  const list = el('div', { 'aria-live': 'polite' });
  fillJobs(list, { limit: PAGE_SIZE, more: true });
  return page('Open jobs', 'Newest first. Every price is the homeowner’s budget in rand.', list);
}

function fact(name, value) {
  return el('div', {}, el('dt', {}, name), el('dd', {}, value));
}

function job(id) {
  const body = el('section', { class: 'wrap page', 'aria-live': 'polite', 'aria-busy': 'true' }, el('h1', {}, 'Job'), waiting(1));
  const show = async () => {
    try {
      const item = await ask(`/jobs/${encodeURIComponent(id)}`);
      document.title = `${item.title} · Khaya`;
      const facts = [fact('Budget', rand.format(item.budget / 100)), fact('Place', item.location), fact('Kind of work', item.category),
        fact('Status', item.status.replace('_', ' ')), fact('Posted', day.format(new Date(item.createdAt)))];
      body.replaceChildren(el('p', {}, el('a', { href: '/jobs' }, '← All jobs')), el('h1', {}, item.title),
        el('dl', { class: 'sheet' }, ...facts), el('p', { class: 'prose' }, item.description));
    } catch (error) {
      body.replaceChildren(el('h1', {}, error.status === 404 ? 'This job is not here any more' : 'Job'),
        error.status === 404 ? el('p', {}, el('a', { href: '/jobs' }, 'See all open jobs')) : notice(error.message, show));
    } finally {
      body.removeAttribute('aria-busy');
    }
  };
  show();
  return { title: 'Job', nodes: [body] };
}

function workers() {
  return page('Work on your own terms', 'You name the price and the days. Bidding is open to every trade that builds, mends or keeps a home.',
    el('h2', {}, 'Trades'), chips(TRADES),
    el('h2', {}, 'How bidding works'),
    el('ul', { class: 'ticks' },
      el('li', {}, 'One bid for each job: a price in rand, a number of days, and how you would do it.'),
      el('li', {}, 'A good proposal is at least 50 characters long. Say what you have done before.'),
      el('li', {}, 'You see whether your bid was accepted the moment the homeowner decides.'),
      el('li', {}, 'Completed jobs, ratings and verification make up a trust score from 0 to 100.')),
    el('p', {}, el('a', { class: 'button', href: '/jobs' }, 'Find a job to bid on')));
}

function materials() {
  return page('Sell to people who are building', 'List what you have in stock with a price for each unit, and be found by category and place.',
    el('h2', {}, 'What sells here'), chips(GOODS),
    el('h2', {}, 'What a listing needs'),
    el('ul', { class: 'ticks' },
      el('li', {}, 'A title, a description of 20 characters or more, and a category.'),
      el('li', {}, 'A price in rand for a unit that buyers know: a bag, a square metre, a piece.'),
      el('li', {}, 'How many you have. A listing that is out of stock is shown as such.')),
    el('p', {}, el('a', { class: 'button', href: '/how-it-works' }, 'How Khaya works')));
}

function howItWorks() {
  return page('How it works', 'From a leaking tap to a new roof, every job takes the same four steps.', steps(),
    el('h2', {}, 'Good to know'),
    el('ul', { class: 'ticks' },
      el('li', {}, 'A job that nobody has taken after 30 days closes by itself, and can be posted again.'),
      el('li', {}, 'Only the homeowner who posted a job can accept a bid, change it or cancel it.'),
      el('li', {}, 'Phone numbers and e-mail addresses are never part of a public page.')),
    el('p', {}, el('a', { class: 'button', href: '/jobs' }, 'Browse open jobs')));
}

function nothing() {
  return page('There is no such page', 'The address may be old, or mistyped.', el('p', {}, el('a', { class: 'button', href: '/' }, 'Back to the start')));
}

function draw({ moved }) {
  const path = window.location.pathname;
  const found = ROUTES.map(([shape, view]) => [shape.exec(path), view]).find(([match]) => match);
  const { title, nodes } = found ? found[1](...found[0].slice(1).map(decode)) : nothing();
  document.title = `${title} · Khaya`;
  main.replaceChildren(...nodes);
  main.dataset.page = found ? found[1].name : 'nothing';
  for (const link of document.querySelectorAll('.links a')) {
    if (path.startsWith(link.getAttribute('href'))) {
      link.setAttribute('aria-current', 'page');
    } else {
      link.removeAttribute('aria-current');
    }
  }
  if (moved) {
    window.scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function follow(event) {
  const link = event.target instanceof Element ? event.target.closest('a[href^="/"]') : null;
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || event.defaultPrevented) {
    return;
  }
  event.preventDefault();
  window.history.pushState(null, '', link.getAttribute('href'));
  draw({ moved: true });
}

async function showRelease() {
  const answer = await fetch('/version.json', { cache: 'no-cache' });
  if (answer.ok) {
    const { version, git_sha: sha } = await answer.json();
    document.getElementById('release').textContent = `Version ${version} (${sha.slice(0, 7)})`;
  }
}

document.addEventListener('click', follow);
window.addEventListener('popstate', () => draw({ moved: true }));
draw({ moved: false });
showRelease().catch(() => {
  // The footer without a version is still a footer.
});
