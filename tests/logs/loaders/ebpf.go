// Loads the objects it is given with cilium/ebpf, and attaches kprobes and tracepoints by the
// names in TARGET, as the programs built on that library do.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

func fail(what string, err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
	os.Exit(1)
}

func main() {
	for _, path := range os.Args[1:] {
		spec, err := ebpf.LoadCollectionSpec(path)
		if err != nil {
			fail("loading spec", err)
		}
		objects, err := ebpf.NewCollection(spec)
		if err != nil {
			fail("loading objects", err)
		}
		target := os.Getenv("TARGET")
		if target == "" {
			continue
		}
		for _, program := range objects.Programs {
			if program.Type() == ebpf.TracePoint {
				group, name, _ := strings.Cut(target, "/")
				if _, err := link.Tracepoint(group, name, program, nil); err != nil {
					fail("opening tracepoint", err)
				}
			} else if _, err := link.Kprobe(target, program, nil); err != nil {
				fail("opening kprobe", err)
			}
		}
	}
}
