#include "skillhost/brief.h"

static const char *const SEVERITIES[] = {"nit", "minor", "major", "blocker"};

/* Not by `%.*s`, which a 0 ends: what comes behind one is not to be hidden from a reviewer. */
static void add(sk_text *text, const char *before, skill_string_t string, const char *after) {
  sk_puts(text, before);
  sk_add_string(text, string);
  sk_puts(text, after);
}

static void document(sk_text *text, const char *title, const skill_document_t *document) {
  add(text, title, document->path, "\n");
  add(text, "", document->text, "\n\n");
}

static void joined(sk_text *text, const char *label, const skill_list_string_t *strings) {
  if (!strings->len) return;
  sk_puts(text, label);
  for (size_t i = 0; i < strings->len; i++) add(text, i ? ", " : "", strings->ptr[i], "");
  sk_puts(text, "\n");
}

void sk_add_brief(sk_text *text, const skill_brief_t *brief) {
  for (size_t i = 0; i < brief->conventions.len; i++) document(text, "# Conventions: ", &brief->conventions.ptr[i]);
  add(text, "# Goal\n", brief->goal, "\n\n");
  if (brief->spec.is_some) document(text, "# Specification: ", &brief->spec.val);
  if (brief->steps.len) sk_puts(text, "# Steps\n");
  for (size_t i = 0; i < brief->steps.len; i++) {
    const skill_step_t *step = &brief->steps.ptr[i];
    add(text, "## ", step->id, " ");
    add(text, "", step->title, "\n");
    add(text, "", step->instructions, "\n");
    joined(text, "Files: ", &step->files);
    joined(text, "After: ", &step->after);
    sk_puts(text, "\n");
  }
  if (brief->criteria.len) sk_puts(text, "# Criteria\n");
  for (size_t i = 0; i < brief->criteria.len; i++) {
    add(text, "- ", brief->criteria.ptr[i].id, ": ");
    add(text, "", brief->criteria.ptr[i].statement, "\n");
  }
  if (brief->criteria.len) sk_puts(text, "\n");
  if (brief->findings.len) sk_puts(text, "# Open findings\n");
  for (size_t i = 0; i < brief->findings.len; i++) {
    const skill_finding_t *finding = &brief->findings.ptr[i];
    add(text, "- ", finding->id, " (");
    sk_puts(text, finding->severity < 4 ? SEVERITIES[finding->severity] : "");
    add(text, ", ", finding->category, ")");
    if (finding->at.is_some) add(text, " at ", finding->at.val.path, "");
    if (finding->at.is_some && finding->at.val.line.is_some) sk_printf(text, ":%u", (unsigned)finding->at.val.line.val);
    add(text, ": ", finding->message, "\n");
    if (finding->suggestion.is_some) add(text, "  Suggestion: ", finding->suggestion.val, "\n");
  }
  if (brief->findings.len) sk_puts(text, "\n");
  if (brief->answers.len) sk_puts(text, "# The author's answers\n");
  for (size_t i = 0; i < brief->answers.len; i++) {
    add(text, "- ", brief->answers.ptr[i].finding, ": ");
    add(text, "", brief->answers.ptr[i].text, "\n");
  }
  if (brief->answers.len) sk_puts(text, "\n");
  if (brief->gates.len) sk_puts(text, "# Gates\n");
  for (size_t i = 0; i < brief->gates.len; i++) {
    const skill_gate_t *gate = &brief->gates.ptr[i];
    add(text, "## ", gate->name, " (evidence ");
    add(text, "", gate->evidence, "): ");
    if (gate->exit_code.is_some) sk_printf(text, "exit code %d\n", (int)gate->exit_code.val);
    else sk_puts(text, "ended by a signal or a limit\n");
    add(text, "", gate->output, "\n\n");
  }
}
