// Package verify exports a skill of the kind verify.
package verify

import skill "skillhost/sdk"

// Verify judges what the gates showed. The host has run them already, and counts them itself.
type Verify func(host skill.Host, brief skill.Brief) ([]skill.Check, error)

var exported Verify

// Export is what a skill calls in its init.
func Export(verify Verify) { exported = verify }
