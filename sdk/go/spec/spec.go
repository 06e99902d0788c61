// Package spec exports a skill of the kind spec.
package spec

import skill "skillhost/sdk"

// Spec writes a specification, or answers the findings on the last one. `brief.Spec` is the document to fill.
type Spec func(host skill.Host, brief skill.Brief) (skill.Specification, error)

var exported Spec

// Export is what a skill calls in its init.
func Export(spec Spec) { exported = spec }

// Call calls it as the host does.
func (spec Spec) Call(host skill.Host, brief skill.Brief) (skill.Specification, error) {
	if spec == nil {
		return skill.Specification{}, skill.Failed("nothing was exported: call spec.Export in an init; main is never called")
	}
	return spec(host, brief)
}
