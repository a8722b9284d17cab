"""video_with_queue.py BUCKET VIDEO: a topic and a queue say when the job has ended."""

from __future__ import annotations

import json
import sys

import boto3

bucket, name = sys.argv[1:]
sns, sqs, rekognition = (boto3.client(service) for service in ("sns", "sqs", "rekognition"))

topic = sns.create_topic(Name="AmazonRekognitionSample")["TopicArn"]
queue = sqs.create_queue(QueueName="sample")["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
    "QueueArn"
]
sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

job = rekognition.start_face_detection(
    Video={"S3Object": {"Bucket": bucket, "Name": name}},
    NotificationChannel={
        "RoleArn": "arn:aws:iam::123456789012:role/sample",
        "SNSTopicArn": topic,
    },
)["JobId"]

ended = False
while not ended:
    waiting = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=5)
    for message in waiting.get("Messages", []):
        told = json.loads(json.loads(message["Body"])["Message"])
        if told["JobId"] == job:
            print(f"{told['API']}: {told['Status']} of {told['Video']['S3ObjectName']}")
            ended = True
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

token = ""
while True:
    page = rekognition.get_face_detection(JobId=job, MaxResults=10, NextToken=token)
    print(f"{page['VideoMetadata']['Format']}: {len(page['Faces'])} faces")
    if "NextToken" not in page:
        break
    token = page["NextToken"]

sqs.delete_queue(QueueUrl=queue)
sns.delete_topic(TopicArn=topic)
