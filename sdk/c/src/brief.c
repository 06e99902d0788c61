#include "skillhost/brief.h"

static const char *const SEVERITIES[] = {"nit", "minor", "major", "blocker"};

static void document(sk_text *text, const char *title, const skill_document_t *document) {
  sk_printf(text, "# %s: %.*s\n", title, SK_ARG(document->path));
  sk_printf(text, "%.*s\n\n", SK_ARG(document->text));
}

static void joined(sk_text *text, const char *label, const skill_list_string_t *strings) {
  if (!strings->len) return;
  sk_puts(text, label);
  for (size_t i = 0; i < strings->len; i++) sk_printf(text, "%s%.*s", i ? ", " : "", SK_ARG(strings->ptr[i]));
  sk_puts(text, "\n");
}

void sk_add_brief(sk_text *text, const skill_brief_t *brief) {
  for (size_t i = 0; i < brief->conventions.len; i++) document(text, "Conventions", &brief->conventions.ptr[i]);
  sk_printf(text, "# Goal\n%.*s\n\n", SK_ARG(brief->goal));
  if (brief->spec.is_some) document(text, "Specification", &brief->spec.val);
  if (brief->steps.len) sk_puts(text, "# Steps\n");
  for (size_t i = 0; i < brief->steps.len; i++) {
    const skill_step_t *step = &brief->steps.ptr[i];
    sk_printf(text, "## %.*s %.*s\n%.*s\n", SK_ARG(step->id), SK_ARG(step->title), SK_ARG(step->instructions));
    joined(text, "Files: ", &step->files);
    joined(text, "After: ", &step->after);
    sk_puts(text, "\n");
  }
  if (brief->criteria.len) sk_puts(text, "# Criteria\n");
  for (size_t i = 0; i < brief->criteria.len; i++)
    sk_printf(text, "- %.*s: %.*s\n", SK_ARG(brief->criteria.ptr[i].id), SK_ARG(brief->criteria.ptr[i].statement));
  if (brief->criteria.len) sk_puts(text, "\n");
  if (brief->findings.len) sk_puts(text, "# Open findings\n");
  for (size_t i = 0; i < brief->findings.len; i++) {
    const skill_finding_t *finding = &brief->findings.ptr[i];
    const char *severity = finding->severity < 4 ? SEVERITIES[finding->severity] : "";
    sk_printf(text, "- %.*s (%s, %.*s)", SK_ARG(finding->id), severity, SK_ARG(finding->category));
    if (finding->at.is_some) sk_printf(text, " at %.*s", SK_ARG(finding->at.val.path));
    if (finding->at.is_some && finding->at.val.line.is_some) sk_printf(text, ":%u", (unsigned)finding->at.val.line.val);
    sk_printf(text, ": %.*s\n", SK_ARG(finding->message));
    if (finding->suggestion.is_some) sk_printf(text, "  Suggestion: %.*s\n", SK_ARG(finding->suggestion.val));
  }
  if (brief->findings.len) sk_puts(text, "\n");
  if (brief->answers.len) sk_puts(text, "# The author's answers\n");
  for (size_t i = 0; i < brief->answers.len; i++)
    sk_printf(text, "- %.*s: %.*s\n", SK_ARG(brief->answers.ptr[i].finding), SK_ARG(brief->answers.ptr[i].text));
  if (brief->answers.len) sk_puts(text, "\n");
  if (brief->gates.len) sk_puts(text, "# Gates\n");
  for (size_t i = 0; i < brief->gates.len; i++) {
    const skill_gate_t *gate = &brief->gates.ptr[i];
    sk_printf(text, "## %.*s (evidence %.*s): ", SK_ARG(gate->name), SK_ARG(gate->evidence));
    if (gate->exit_code.is_some) sk_printf(text, "exit code %d\n", (int)gate->exit_code.val);
    else sk_puts(text, "ended by a signal or a limit\n");
    sk_printf(text, "%.*s\n\n", SK_ARG(gate->output));
  }
}
