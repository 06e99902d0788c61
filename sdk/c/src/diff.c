#include "skillhost/diff.h"

#include <stdlib.h>
#include <string.h>

#define AROUND 3
/* Cells of the table that finds what two texts have in common: 16 MiB. */
#define MAX_CELLS (4u << 20)

typedef struct {
  const char *at;
  size_t length;
} line;

typedef struct {
  line *at;
  size_t count;
} lines;

static lines split(const char *text) {
  lines all = {NULL, 0};
  size_t capacity = 0;
  for (size_t left = strlen(text), length; left; text += length, left -= length) {
    if (all.count == capacity) {
      capacity = capacity ? capacity * 2 : 256;
      all.at = realloc(all.at, capacity * sizeof *all.at);
      if (!all.at) abort();
    }
    length = sk_line(text, left);
    length += length < left;
    all.at[all.count++] = (line){text, length};
  }
  return all;
}

static bool same(const line *left, const line *right) {
  return left->length == right->length && !memcmp(left->at, right->at, left->length);
}

/* One line of the script that leads from one text to the other. */
typedef struct {
  char sign;
  const line *line;
} step;

static void add_line(sk_text *into, const step *step) {
  sk_printf(into, "%c%.*s", step->sign, (int)step->line->length, step->line->at);
  if (step->line->at[step->line->length - 1] != '\n') sk_puts(into, "\n\\ No newline at end of file\n");
}

/* What the middles have in common, by the longest common subsequence; none of it where the table would be too large. */
static size_t compare(const line *old, size_t olds, const line *new, size_t news, step *steps) {
  size_t count = 0, i = 0, j = 0, width = news + 1;
  unsigned *table = NULL;
  if (olds && news && (olds + 1) <= MAX_CELLS / width) table = calloc((olds + 1) * width, sizeof *table);
  if (table) {
    for (size_t a = olds; a-- > 0;)
      for (size_t b = news; b-- > 0;) {
        unsigned down = table[(a + 1) * width + b], right = table[a * width + b + 1];
        table[a * width + b] =
            same(&old[a], &new[b]) ? table[(a + 1) * width + b + 1] + 1 : down > right ? down : right;
      }
    while (i < olds && j < news) {
      if (same(&old[i], &new[j])) {
        steps[count++] = (step){' ', &old[i++]};
        j++;
      } else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) {
        steps[count++] = (step){'-', &old[i++]};
      } else {
        steps[count++] = (step){'+', &new[j++]};
      }
    }
    free(table);
  }
  while (i < olds) steps[count++] = (step){'-', &old[i++]};
  while (j < news) steps[count++] = (step){'+', &new[j++]};
  return count;
}

/* `a,b` as diffs count: a hunk without lines stands behind the line before it. */
static void add_range(sk_text *into, char sign, size_t first, size_t count) {
  sk_printf(into, " %c%zu", sign, count ? first + 1 : first);
  if (count != 1) sk_printf(into, ",%zu", count);
}

static void add_hunk(sk_text *into, const step *steps, size_t from, size_t to, size_t old, size_t new) {
  size_t olds = 0, news = 0;
  for (size_t i = from; i < to; i++) {
    olds += steps[i].sign != '+';
    news += steps[i].sign != '-';
  }
  sk_puts(into, "@@");
  add_range(into, '-', old, olds);
  add_range(into, '+', new, news);
  sk_puts(into, " @@\n");
  for (size_t i = from; i < to; i++) add_line(into, &steps[i]);
}

void sk_diff(const char *path, const char *before, const char *after, sk_text *into) {
  if (!strcmp(before, after)) return;
  lines old = split(before), new = split(after);
  size_t head = 0, tail = 0, least = old.count < new.count ? old.count : new.count;
  while (head < least && same(&old.at[head], &new.at[head])) head++;
  while (tail < least - head && same(&old.at[old.count - 1 - tail], &new.at[new.count - 1 - tail])) tail++;

  step *steps = malloc((old.count + new.count) * sizeof *steps);
  if (!steps) abort();
  size_t count = 0;
  for (size_t i = 0; i < head; i++) steps[count++] = (step){' ', &old.at[i]};
  count += compare(old.at + head, old.count - head - tail, new.at + head, new.count - head - tail, steps + count);
  for (size_t i = old.count - tail; i < old.count; i++) steps[count++] = (step){' ', &old.at[i]};

  sk_printf(into, "--- %s%s\n+++ %s%s\n", old.count ? "a/" : "", old.count ? path : "/dev/null", new.count ? "b/" : "",
            new.count ? path : "/dev/null");
  size_t old_line = 0, new_line = 0, at = 0;
  while (at < count) {
    /* The next change, and the last one that is near enough to it to share its hunk. */
    size_t change = at;
    while (change < count && steps[change].sign == ' ') change++;
    if (change == count) break;
    size_t from = change - at > AROUND ? change - AROUND : at, last = change;
    for (size_t i = change; i < count && i - last <= 2 * AROUND + 1; i++)
      if (steps[i].sign != ' ') last = i;
    size_t to = last + 1 + AROUND < count ? last + 1 + AROUND : count;
    old_line += from - at;
    new_line += from - at;
    add_hunk(into, steps, from, to, old_line, new_line);
    for (size_t i = from; i < to; i++) {
      old_line += steps[i].sign != '+';
      new_line += steps[i].sign != '-';
    }
    at = to;
  }
  free(steps);
  free(old.at);
  free(new.at);
}
