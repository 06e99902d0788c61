// Package verify exports a skill of the kind verify.
package verify

import skill "skillhost/sdk"

// Verify judges what the gates showed. The host has run them already, and counts them itself.
type Verify func(host skill.Host, brief skill.Brief) ([]skill.Check, error)

var exported Verify

// Export is what a skill calls in its init.
func Export(verify Verify) { exported = verify }

// Call calls it as the host does.
func (verify Verify) Call(host skill.Host, brief skill.Brief) ([]skill.Check, error) {
	if verify == nil {
		return nil, skill.Failed("nothing was exported: call verify.Export in an init; main is never called")
	}
	return verify(host, brief)
}
