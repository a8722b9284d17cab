// Tells its version, then takes a call a line and gives an answer a line: the SDK for Go, version 1.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"reflect"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/awserr"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/rekognition"
)

type call struct {
	Operation string
	Input     json.RawMessage
}

type result struct {
	Status int         `json:"status"`
	Code   string      `json:"code"`
	Answer interface{} `json:"answer"`
}

func main() {
	// this version reads no endpoint from the environment
	config := aws.NewConfig().WithEndpoint(os.Getenv("AWS_ENDPOINT_URL_REKOGNITION"))
	client := rekognition.New(session.Must(session.NewSession(config)))
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 32<<20)
	answers := json.NewEncoder(os.Stdout)
	tell(answers, map[string]string{"version": aws.SDKVersion})
	for lines.Scan() {
		var one call
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			panic(err)
		}
		tell(answers, carryOut(client, one))
	}
}

func tell(answers *json.Encoder, what interface{}) {
	if err := answers.Encode(what); err != nil {
		panic(err)
	}
}

func carryOut(client *rekognition.Rekognition, one call) result {
	method := reflect.ValueOf(client).MethodByName(one.Operation)
	if !method.IsValid() {
		return result{Code: "NotInThisSDK"}
	}
	input := reflect.New(method.Type().In(0).Elem())
	if err := json.Unmarshal(one.Input, input.Interface()); err != nil {
		panic(err)
	}
	returned := method.Call([]reflect.Value{input})
	if err, failed := returned[1].Interface().(error); failed {
		var failure awserr.RequestFailure
		if !errors.As(err, &failure) {
			panic(err)
		}
		return result{Status: failure.StatusCode(), Code: failure.Code()}
	}
	return result{Status: 200, Answer: returned[0].Interface()}
}
