// Package implement exports a skill of the kind implement.
package implement

import skill "skillhost/sdk"

// Implement makes the change in the worktree, and says what it did.
type Implement func(host skill.Host, brief skill.Brief) (skill.Summary, error)

var exported Implement

// Export is what a skill calls in its init.
func Export(implement Implement) { exported = implement }

// Call calls it as the host does.
func (implement Implement) Call(host skill.Host, brief skill.Brief) (skill.Summary, error) {
	if implement == nil {
		return skill.Summary{}, skill.Failed("nothing was exported: call implement.Export in an init; main is never called")
	}
	return implement(host, brief)
}
