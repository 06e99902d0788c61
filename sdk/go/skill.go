// Package skill is the SDK for skills written in Go: the records of the contract, the host, errors, and the files of the
// worktree.
//
// A skill exports its kind with one of the packages tool, spec, review, implement and verify, from an init, since main is never
// called:
//
//	func init() { verify.Export(judge) }
//
//	func main() {}
//
//	func judge(host skill.Host, brief skill.Brief) ([]skill.Check, error)
//
// Package agent has what a skill needs that works with a model, package mock a host for tests.
package skill
