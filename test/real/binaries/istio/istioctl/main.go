// istioctl, the command line of upstream Istio.
package main

import (
	"fmt"
	"os"

	"istio.io/istio/istioctl/cmd"
	"istio.io/istio/pkg/log"
)

func main() {
	if err := cmd.ConfigAndEnvProcessing(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(cmd.GetExitCode(err))
	}
	command := cmd.GetRootCmd(os.Args[1:])
	log.EnableKlogWithCobra()
	if err := command.Execute(); err != nil {
		os.Exit(cmd.GetExitCode(err))
	}
}
