import { posix } from 'node:path';

const LINK = /!?\[([^\]]*)\]\(([^)\s#]+)(#[^)]*)?\)/g;

/** Paths in the repository to which a document leads. */
export function linksOf(markdown, document) {
  return [...markdown.matchAll(LINK)].map(([, , target]) => resolved(document, target));
}

/**
 * A document of this repository as it is read in the package: links lead to where a file is there, and become their text where
 * the file does not ship.
 * @param places path in the repository → path in the package, for every document that ships
 */
export function relink(markdown, document, places) {
  const from = posix.dirname(places.get(document));
  return markdown.replace(LINK, (link, text, target, anchor = '') => {
    if (/^[a-z]+:/.test(target)) return link;
    const place = places.get(resolved(document, target));
    return place === undefined ? text : `[${text}](${posix.relative(from, place)}${anchor})`;
  });
}

function resolved(document, target) {
  return posix.join(posix.dirname(document), target).replace(/\/$/, '');
}
