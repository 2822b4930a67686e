import { wordsOf } from '../http';

/** What one word of a search looks for; `before` is the beginning of its LIKE pattern. */
export interface SearchTerm {
  readonly before: '%' | '% ';
  readonly word: string;
}

/** So many letters or digits in a row make a trigram, by which the index finds them anywhere. */
const TRIGRAM = /[\p{L}\p{M}\p{N}]{3}/u;
/** Scripts that write no spaces between words, where looking for beginnings of words would find nothing. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

/**
 * The words of a search, each once. One of three letters or more is found in the midst of words too; a shorter one, of which the
 * index knows only where words begin, there. Letters are folded by the database, which folds the rows the same way.
 */
export function searchTerms(search = ''): SearchTerm[] {
  const distinct = new Map(wordsOf(search).map((word) => [word.toLowerCase(), word]));
  return [...distinct.values()].map((word) => ({ before: isFoundAnywhere(word) ? '%' : '% ', word }));
}

function isFoundAnywhere(word: string): boolean {
  return TRIGRAM.test(word) || UNSPACED.test(word);
}
